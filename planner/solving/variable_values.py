"""Values of a solution by variable and index, from one program or from many that each hold a part of the tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from planner.formulation.whole_program import VARIABLES
from planner.solving.program import Key, Vector
from planner.thresholds import ROUNDING

NODE_PLACE = {
    variable.name: variable.letters.index("n") for variable in VARIABLES if "n" in variable.letters
}
"""Variables that live on nodes of the tree of histories, and the place of the node in their index."""


class Values:
    """Values of a solution; 0 where no program had such a variable, or a small one.

    Of a case solved scenario by scenario: `add` what each part holds.
    """

    def __init__(self, columns: Sequence[Key] = (), x: Vector | Sequence[float] = ()) -> None:
        """columns: names of the columns of a program; x: their values (n)."""
        self._decided: dict[str, dict[Any, float]] = defaultdict(dict)
        self._at_nodes: dict[str, dict[Any, dict[int, float]]] = defaultdict(dict)
        self.add(columns, x)

    def add(
        self,
        columns: Sequence[Key],
        x: Vector | Sequence[float],
        nodes: Mapping[int, int] | None = None,
    ) -> None:
        """Take over a point of a program, in place of what is known of the same variables.

        nodes: where the program holds a part of the tree, its nodes -> those of the whole; what lives on other nodes is
        left out. Decisions, staff and all that lives on no node of histories are taken over as they are.
        """
        values = np.asarray(x, dtype=float)
        kept = np.flatnonzero(np.abs(values) > ROUNDING)
        for j, value in zip(kept.tolist(), values[kept].tolist(), strict=True):
            name, index = columns[j]
            place = NODE_PLACE.get(name)
            if place is None:
                self._decided[name][index] = value
                continue
            parts = index if isinstance(index, tuple) else (index,)
            node = parts[place] if nodes is None else nodes.get(parts[place])
            if node is not None:
                rest = (*parts[:place], *parts[place + 1 :])
                self._at_nodes[name].setdefault(rest, {})[node] = value

    def __call__(self, name: str, *index: Any) -> float:
        """The value of one variable."""
        place = NODE_PLACE.get(name)
        if place is None:
            return self._decided[name].get(
                index if len(index) > 1 else index[0] if index else None, 0.0
            )
        rest = (*index[:place], *index[place + 1 :])
        return self._at_nodes[name].get(rest, {}).get(index[place], 0.0)

    def put(self, name: str, node: int, rest: tuple[Any, ...], value: float) -> None:
        """Set the value of a variable at a node; `rest` is its index without the node."""
        found = self._at_nodes[name].setdefault(rest, {})
        if abs(value) > ROUNDING:
            found[node] = value
        else:
            found.pop(node, None)

    def rows(self, name: str) -> list[tuple[Any, dict[int, float]]]:
        """Of a variable that lives on nodes: its index without the node, and its values that are not zero by node."""
        return list(self._at_nodes[name].items())

    def by_node(self, name: str, nodes: int, *rest: Any) -> Vector:
        """The values (nodes) of a variable at the nodes of histories; `rest` is its index without the node."""
        out, found = np.zeros(nodes), self._at_nodes[name].get(rest, {})
        out[list(found)] = list(found.values())
        return out
