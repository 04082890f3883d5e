"""The linear program: one constraint, one function, one index set of the same stem.

Letters used throughout: p project, f feed, c country, e element, o form, k skill, g training programme,
n operations node, d decision node (a year where investment is committed, a history where it is adaptive),
a account node, i funder group (all that may pay in the same countries), j step of the loss.
"""
