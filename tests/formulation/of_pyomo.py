"""The Pyomo model as arrays, by Pyomo's own compiler: what the arrays that the planner writes are held to."""

from __future__ import annotations

import numpy as np
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csr_array

from planner.formulation.declarations import Model
from planner.solving.program import Program


def compiled(m: Model) -> Program:
    """Pyomo model -> arrays. Variables that appear nowhere have no column."""
    form = LinearStandardFormCompiler().write(m, mixed_form=True, set_sense=None)
    sense = np.array([row.bound_type for row in form.rows])
    rhs = np.asarray(form.rhs, dtype=float)
    bounds = [var.bounds for var in form.columns]
    return Program(
        matrix=csr_array(form.A),
        row_lower=np.where(sense == 1, -np.inf, rhs),
        row_upper=np.where(sense == -1, np.inf, rhs),
        lower=np.array([-np.inf if low is None else low for low, _ in bounds], dtype=float),
        upper=np.array([np.inf if high is None else high for _, high in bounds], dtype=float),
        columns=tuple((var.parent_component().local_name, var.index()) for var in form.columns),
        rows=tuple(
            (row.constraint.parent_component().local_name, row.constraint.index())
            for row in form.rows
        ),
        goal=np.asarray(form.c.todense(), dtype=float).ravel(),
    )
