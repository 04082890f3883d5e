"""The linear program in Pyomo: one constraint, one function, one index set of the same stem.

Letters used throughout: p project, f feed, c country, e element, o form, k skill, g training programme,
n operations node, d decision node (a year where investment is committed, a history where it is adaptive),
a account node, i funder group (all that may pay in the same countries), j step of the loss.
"""

from pyomo.common.dependencies import DeferredImportIndicator, scipy_available

# With scipy, Pyomo imports scipy.stats, a third of what it takes to start, for what no program here uses; whoever does
# use it imports it. Before anything imports scipy: the rooms above this one begin with it.
if isinstance(scipy_available, DeferredImportIndicator):
    scipy_available._callback = None
