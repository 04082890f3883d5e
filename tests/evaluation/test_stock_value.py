"""The value of stock without hindsight, by hand."""

from __future__ import annotations

from pathlib import Path

import planner
from planner.evaluation.stock_value import stock_value
from tests.cases import budget, demand, imports, load_case, near, scenarios, shock


def buyer(folder: Path, **model: object) -> planner.Case:
    """100 t a year and imports of 150; half of the imports, 75 t, are cut in 2028 with a chance of a half, so that 25 t
    are short at 1 MUSD per tonne. Stock costs a tenth of that."""
    pile = {"country": "AAA", "element": "Dy", "form": "oxide", "initial_t": 0, "max_t": 20}
    return load_case(
        folder,
        {"objective.goal": "welfare", "objective.risk_aversion": 0.0, **model},
        demand=demand(100, last=2028),
        imports=[imports(150)],
        stockpiles=[{**pile, "purchase_usd_per_kg": 100}],
        budgets=budget(10),
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0.5, 2028, 2028)],
    )


def test_stock_reduces_what_it_can_be_bought_for(tmp_path: Path) -> None:
    """Of 25 t short 20 come from stock: the expected loss of 12.5 MUSD falls to 2.5."""
    found = stock_value(planner.solve(buyer(tmp_path), baseline=False))
    assert found is not None
    assert (found.without_purchases, found.with_purchases) == near((12.5, 2.5))
    assert found.reduces_risk_by == near(10)


def test_a_plan_that_may_not_buy_has_no_value_of_stock(tmp_path: Path) -> None:
    assert stock_value(planner.solve(buyer(tmp_path, levers=["mine"]), baseline=False)) is None


def test_explain_states_it(tmp_path: Path) -> None:
    plan = planner.solve(buyer(tmp_path))
    found = planner.explain(plan)
    assert found.stock is not None and found.stock.reduces_risk_by == near(10)
