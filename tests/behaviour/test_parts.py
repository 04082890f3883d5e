"""A solution in parts, as from many programs that each hold some histories, gives the tables of the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import planner
from planner.formulation.whole_program import NODE_PLACES
from planner.solving.node_values import HISTORIES, AtNodes
from planner.solving.solution_amounts import solution_amounts
from planner.solving.warm_program import WarmProgram

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


@pytest.fixture(scope="module")
def solved() -> tuple[WarmProgram, np.ndarray]:
    session = WarmProgram(planner.load(STARTER))
    return session, session.solve(lambda _: None).last.x


def test_parts_with_nodes_of_their_own_join_to_the_whole(
    solved: tuple[WarmProgram, np.ndarray],
) -> None:
    """Each scenario is a part whose nodes are numbered 0, 1, .. from the first period; decisions are in every part."""
    session, x = solved
    joined, tree = AtNodes(session.scope), session.scope.tree
    for w in reversed(session.case.scenarios):
        path = tree.path_of(w)
        own = {n: place for place, n in enumerate(path)}
        columns, values = [], []
        for (name, index), value in zip(session.program.columns, x, strict=True):
            letter, of_node = NODE_PLACES.get(name, ("", 0))
            place = of_node if letter == HISTORIES else None
            key = index if isinstance(index, tuple) else (index,)
            if place is not None and key[place] in own:
                columns.append((name, (*key[:place], own[key[place]], *key[place + 1 :])))
                values.append(value)
            elif place is None:
                columns.append((name, index))
                values.append(value)
        joined.add(columns, values, dict(enumerate(path)))
    whole = solution_amounts(AtNodes(session.scope, session.program.columns, x))
    assert solution_amounts(joined) == whole


def test_what_lives_on_nodes_that_are_no_part_of_the_whole_is_left_out(
    solved: tuple[WarmProgram, np.ndarray],
) -> None:
    values = AtNodes(solved[0].scope)
    values.add(
        [("mined", ("mine", 0)), ("mined", ("mine", 1)), ("build", ("mine", 0))],
        [5.0, 7.0, 3.0],
        {1: 4},
    )
    mined = values("mined", "mine")
    assert np.flatnonzero(mined).tolist() == [4] and mined[4] == 7
    assert values("build", "mine")[0] == 3
