"""Values from textbooks: the farmer of Birge and Louveaux, and CVaR of six equally likely losses."""

from __future__ import annotations

import pytest

from planner.data.case import Case
from planner.explanation.explain import explain
from planner.planning import solve_case
from planner.results.losses import cvar
from tests.cases import MUSD, ONE_PER_TONNE, budget, demand, mine, plant, scenarios, shock, smelter
from tests.conftest import MakeCase

BEST = 1.2
"""Yield of a good year over the mean; a bad year has 0.8."""
CASH = 150
WANTED = {"wheat": 200 + 1_500, "corn": 240 + 1_800, "beets": 12_000}
"""Demand, t: the farmer's own need, and more than the whole farm could sell."""
YIELD = {"wheat": 2.5, "corn": 3.0, "beets": 20.0}
PLANTING = {"wheat": 150, "corn": 230, "beets": 260}
STEPS = {
    "wheat": [(1_500 / 1_700, 170), (1, 238)],
    "corn": [(1_800 / 2_040, 150), (1, 210)],
    "beets": [(6_000 / 12_000, 10), (1, 36)],
}
"""A tonne less than wanted is first a tonne not sold, then one that is bought (beets: beyond the quota, then within).
(share of demand up to which, USD a tonne)."""
NOT_SOLD = 1_500 * 170 + 1_800 * 150 + 6_000 * 10 + 6_000 * 36
"""What the losses exceed the farmer's own account by: all sales, USD."""


def farmer(make_case: MakeCase) -> Case:
    """Birge and Louveaux (2011), section 1.1. 1 MUSD stands for 1,000 USD.

    An acre is a mine and a plant of one crop: the mine takes the land (500 MUSD of public money in AAA), the plant the
    cost of planting (money of BBB; what is left of it goes into a bank, whose `cash` would be missed otherwise).
    """
    crops = list(YIELD)

    def acres(crop: str, project: str, musd: float, **columns: str) -> dict[str, object]:
        tonnes = YIELD[crop] * BEST
        size = {"max_new_tpa": 500 * tonnes, "capex_usd_per_tpa": musd * MUSD / tonnes}
        return {"project": project, "feeds": crop, "lead_time_years": 1} | size | columns

    land = [acres(c, f"{c}_land", 1, country="AAA", stage="mine") for c in crops]
    planting = [
        acres(c, f"{c}_crop", PLANTING[c] / 1000, country="BBB", stage="separation") for c in crops
    ]
    years = {"good": 1.0, "mean": 1 / BEST, "bad": 0.8 / BEST}
    return make_case(
        {"objective.risk_aversion": 0.0},
        countries=[{"country": "AAA"}, {"country": "BBB"}],
        elements=[
            {"element": c, "heavy": "true", "loss_usd_per_kg": STEPS[c][-1][1]} for c in crops
        ]
        + [{"element": "cash", "heavy": "true", "loss_usd_per_kg": ONE_PER_TONNE}],
        loss_tiers=[
            {"element": c, "up_to_share": share, "loss_usd_per_kg": usd}
            for c in crops
            for share, usd in STEPS[c]
        ],
        demand=[
            row | {"tonnes": tonnes if row["year"] == 2027 else 0}
            for c, tonnes in [*WANTED.items(), ("cash", CASH)]
            for row in demand(0, 2026, 2027, "BBB", c)
        ],
        feeds=[{"feed": c, "element": c, "share": 1} for c in [*crops, "cash"]],
        projects=[
            *land,
            *planting,
            mine(project="purse", country="BBB", feeds="cash"),
            plant(
                project="bank",
                country="BBB",
                feeds="cash",
                max_new_tpa=CASH,
                capex_usd_per_tpa=MUSD,
                lead_time_years=1,
            ),
        ],
        budgets=budget(500) + budget(CASH, funder="BBB"),
        scenarios=scenarios(**dict.fromkeys(years, 1 / 3)),
        shocks=[
            shock(w, "capacity", factor, 2027, 2027, project=str(row["project"]))
            for w, factor in years.items()
            for row in [*land, *planting]
        ],
    )


def test_the_farmer_of_birge_and_louveaux(make_case: MakeCase) -> None:
    """Table 5 and section 1.1: RP -108,390, WS -115,406, EVPI 7,016 USD."""
    plan = solve_case(farmer(make_case), baseline=False)
    acres = {c: plan.summary["new_capacity_tpa"][f"{c}_crop"] / (YIELD[c] * BEST) for c in YIELD}
    assert acres == pytest.approx({"wheat": 170, "corn": 80, "beets": 250}, abs=0.01)
    found = explain(plan, "farmer", more=True).knowledge
    assert 1000 * found.stochastic - NOT_SOLD == pytest.approx(-108_390, abs=1)
    assert 1000 * found.wait_and_see - NOT_SOLD == pytest.approx(-115_405.56, abs=1)
    assert 1000 * found.evpi == pytest.approx(7_015.56, abs=1)


SIX = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]


@pytest.mark.parametrize(
    ("tail", "expected"),
    [(2 / 3, (50 + 60) / 2), (7 / 12, 40 / 5 + 50 * 2 / 5 + 60 * 2 / 5), (7 / 8, 60), (0.0, 35)],
)
def test_cvar_of_six_equally_likely_losses(
    make_case: MakeCase, tail: float, expected: float
) -> None:
    """Rockafellar and Uryasev (2002), as worked by Sarykalin, Serraino and Uryasev (2008), section 2: at 2/3 no loss is
    split; at 7/12 the fourth counts for a fifth; at 7/8 the last alone is the tail. By formula and by program."""
    assert cvar(SIX, [1 / 6] * 6, tail) == pytest.approx(expected)
    names = [f"s{place}" for place in range(6)]
    case = make_case(
        {"objective.risk_aversion": 1.0, "objective.tail": tail},
        demand=demand(100, 2026, 2026),
        projects=[smelter()],
        scenarios=scenarios(**dict.fromkeys(names, 1 / 6)),
        shocks=[
            shock(w, "demand", loss / 100, 2026, 2026) for w, loss in zip(names, SIX, strict=True)
        ],
    )
    plan = solve_case(case, baseline=False)
    assert plan.summary["cvar_musd"] == pytest.approx(expected, rel=1e-6)
    assert plan.summary["least_risk_musd"] == pytest.approx(expected, rel=1e-6)
