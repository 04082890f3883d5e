"""Values of a solution by variable and index, for whoever turns it into tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from planner.data.tree import Node
from planner.formulation.scope import Scope
from planner.solving.program import Program, Vector

ZERO = 1e-9
Rows = Iterator[tuple[Any, ...]]


class Values:
    """Values of a solution by variable and index; 0 where the program has no such variable."""

    def __init__(self, program: Program, x: Vector) -> None:
        self._by_name: dict[str, dict[Any, float]] = defaultdict(dict)
        for (name, index), value in zip(program.columns, x.tolist(), strict=True):
            if abs(value) > ZERO:
                self._by_name[name][index] = value

    def __call__(self, name: str, *index: Any) -> float:
        """The value of one variable."""
        key = index if len(index) > 1 else index[0] if index else None
        return self._by_name[name].get(key, 0.0)


def who(scope: Scope, node: Node) -> str:
    """The scenarios of a node: `all`, or ids joined by `;`."""
    return "all" if len(node.scenarios) == len(scope.case.scenarios) else ";".join(node.scenarios)
