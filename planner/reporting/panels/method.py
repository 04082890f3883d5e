"""The method of a plan on one page."""

from __future__ import annotations

from planner.reporting.parts import Text

METHOD = Text(
    title="Method",
    listed=True,
    paragraphs=[
        "A linear program chooses new capacity, training, hiring and stock by year, under budgets, lead times and ramps.",
        "A scenario tree holds the shocks. Operations answer what a node has shown; investment does as `policy.investment` says.",
        "Material is balanced by feed, element and form, from the mine to the use. Countries of one group share plants and goods.",
        "Loss is unmet demand times loss per kg, in steps of depth where the case gives them.",
        "Risk is (1 - risk_aversion) times expected loss plus risk_aversion times CVaR of the worst cases (Rockafellar and Uryasev 2000).",
        "The goal is least risk, least cost within a risk limit, or least cost plus risk.",
        "HiGHS solves the program. Every reported figure is recomputed from the tables and checked against every rule.",
        "`planner evaluate` fixes the decisions and simulates new scenarios, each period with its past alone known.",
        "`planner explain` solves each alternative, each lever alone and missing, and each uncertain input at both ends.",
        "Not modelled: stops shorter than a quarter, alloys and final goods, price effects of new supply, politics and permits.",
        "Scenarios and probabilities are judgements. All countries of a group decide at once, with the same knowledge.",
    ],
)
