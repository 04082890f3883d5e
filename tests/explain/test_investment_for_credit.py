"""Headline figures of investment cases say what they are: public money, the plan's plant, cost per kg, support, debt."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import planner
from planner.api.investment_cases import side_by_side_into
from planner.cli import app
from planner.data.stages import STAGES
from planner.errors import InputError
from planner.finance.cashflow import funding
from planner.reporting.chapters import investment_charts as charts
from planner.reporting.chapters import investment_debt as debt
from planner.reporting.chapters import investment_economics as economics
from planner.reporting.chapters import investment_tables as tables
from planner.reporting.pages.business_case import business_case_lines, business_case_page
from planner.reporting.words.names import midway, names_of
from planner.reporting.words.numbers import number, percent
from planner.results.business_case import EvenMix, Market
from planner.results.store import write_run
from tests.cases import LONG, MUSD, demand, load_case, mine, near, plant, smelter
from tests.conftest import MakeCase
from tests.explain.test_investment import PLANT, PRICED, TERMS, planned

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return planned(partial(load_case, tmp_path_factory.mktemp("case")))


def lines_of(found: Any, plan: Any) -> str:
    return " ".join(business_case_lines(found, plan.case))


def case(plan: Any, **terms: Any) -> Any:
    return planner.business_case(plan, "plant", **terms)


def test_public_cost_is_all_public_money_stated_and_added(plan: Any) -> None:
    """Support that is moved from sized to stated leaves the total as it is."""
    granted = case(plan, basis="market", terms={"grant": 0.9})
    assert "Needs no public money" not in lines_of(granted, plan)
    assert granted.public_cost >= 0.9 * (20 / 1.03 + 20 / 1.03**2) - 1e-6
    # a public loan costs something, by its rate alone
    asked = {"equity_rate": 0.5, "public_rate": 0.06, "guarantee_loss": 0}
    sized = case(plan, terms=asked)
    assert sized.stated_cost == 0 < sized.public_cost
    stated = case(plan, terms={**asked, **sized.package.amounts})
    assert stated.public_cost == pytest.approx(sized.public_cost, abs=1e-3)
    assert stated.stated_cost == pytest.approx(sized.public_cost, abs=1e-3)
    half = dict(sized.package.amounts)
    for lever in {"grant", "availability", "public_loan"} & set(half):
        half[lever] /= 2
    in_part = case(plan, terms={**asked, **half})
    assert in_part.public_cost == pytest.approx(sized.public_cost, abs=0.1)
    assert 0 < in_part.stated_cost < in_part.public_cost


def runs() -> list[Any]:
    """A plan of the starter; in a long run one of the real case too."""
    names = ["starter", "allied-2026"] if LONG else ["starter"]
    model = ROOT / "models" / "base.toml"
    return [planner.solve(planner.load(ROOT / "inputs" / name, model=model)) for name in names]


@pytest.mark.usefixtures("no_support")
def test_the_plans_plant_makes_what_the_plan_makes() -> None:
    """Of every plant that a plan builds: its size, and year by year its tonnes and what it makes of each element."""
    seen = 0
    for plan in runs():
        chances = plan.case.scenarios
        builds = plan.tables["investments"]
        for project in sorted(set(builds["project"])):
            stage = STAGES[plan.case.projects[project].stage]
            if stage.saves:
                continue
            found = planner.business_case(plan, project)
            assert found.planned is not None
            (plant,), (flows,) = found.planned.investment.plants, found.planned.flows.plants
            rows = builds[builds["project"] == project]
            assert plant.size == near(float((rows["tpa"] * rows["probability"]).sum()))
            capacity = plan.tables["capacity"]
            of_plant = capacity[capacity["project"] == project]
            of_new = of_plant["new_tpa"] / (of_plant["new_tpa"] + of_plant["existing_tpa"])
            of_plant = of_plant.assign(of_new=(of_plant["throughput_t"] * of_new).fillna(0.0))
            operations = plan.tables["operations"]
            made = operations[(operations["project"] == project) & (operations["item"] == "made")]
            for year in plan.case.years:
                place = (
                    found.investment.years.index(year)
                    if year >= found.investment.years[0]
                    else None
                )
                worked = 0.0 if place is None else float(flows.tonnes[place])
                assert worked == near(expected(of_plant, "of_new", year, chances)), (project, year)
                for sale in flows.sales if place is not None and not stage.mines else ():
                    if sale.material.element in plan.case.elements:
                        own = made[made["element"] == sale.material.element]
                        could = (
                            float(flows.tonnes[place])
                            * np.broadcast_to(sale.material.per_tonne, len(found.investment.years))[
                                place
                            ]
                        )
                        all_made = expected(own, "tonnes", year, chances)
                        of_all = expected(of_plant, "throughput_t", year, chances)
                        assert could == near(all_made * worked / (of_all or 1.0)), (project, year)
            seen += 1
    assert seen >= 2


def expected(rows: Any, column: str, year: int, chances: Any) -> float:
    of_year = rows[rows["year"] == year]
    weights = of_year["scenario"].astype(str).map(chances).astype(float)
    return float((of_year[column].astype(float) * weights).sum())


def test_all_in_is_never_below_c1_however_much_the_public_pays(plan: Any) -> None:
    found = case(plan, terms={"availability": 30})
    costs = found.full.economics.unit_costs
    assert costs.all_in >= costs.c1 and costs.public > 0


def test_owners_get_nothing_before_the_first_repayment(plan: Any) -> None:
    """A year of grace in which the plant earns: it is kept, and what owners pay in is what is shown."""
    found = case(plan, basis="market", terms={"grace_years": 1, "debt_years": 6, "equity_rate": 0})
    flows = found.full.flows
    begun = int(flows.loan.begun.item())
    assert begun == 3 and flows.loan.added.sum() > 0
    assert (flows.owners[:begun] <= 1e-9).all()
    assert flows.owners.sum() == near(
        (flows.owners + flows.kept - np.append(0, flows.kept[:-1])).sum()
    )
    sources, _ = funding(flows, found.full.levels, found.full.early)
    assert sources["owners"].sum() == near(-np.minimum(flows.owners[:begun], 0).sum())


@pytest.mark.usefixtures("no_support")
def test_dear_capital_counts_overruns_once(make_case: MakeCase) -> None:
    """A factor of up to 1.4 and a contingency of up to 42 % tell of the same overruns: 1.42 times the estimate is worst."""
    finance = [
        {"item": "capital_factor", "value": 1, "low": 1, "high": 1.4},
        {"item": "contingency", "value": 0, "low": 0, "high": 0.42},
        {"item": "debt_share", "value": 0},
    ]
    dear = planned(make_case, finance=finance)
    found = case(dear, basis="market")
    by_name = {one.what: one.npv for one in found.full.credit.downsides}
    alone = case(dear, basis="market", terms={"contingency": 0.42}).full.returns.npv_after_tax
    assert by_name["capital dear"] == near(alone)


LATE_BILLS = {"receivable_days": 365, "tax_rate": 0, "dscr": 1, "equity_rate": 0}
"""Working capital of a year of sales takes all cash of the first year of output; a year of grace more fits."""


def test_debt_that_would_be_missed_gets_the_grace_that_serves_it(plan: Any) -> None:
    """In every answer to what is sold, so that none shows the covers of a default; what was agreed is told."""
    found = case(plan, basis="market", terms={**LATE_BILLS, "dscr_low": 0.1})
    for _, sold in found.modes:
        assert sold.lending.missed == (2028,) and sold.lending.grace == 1
        assert sold.returns.missed == 0 and sold.returns.dscr >= 1
        assert sold.returns.debt == near(sold.lending.sized)
    told = lines_of(found, plan)
    assert "nothing could be paid in 2028, with a grace of 1 year every year is paid" in told
    assert "lenders give it with that grace" in told and "no lender gives a loan" not in told
    terms = debt.loan_terms(found).frame.set_index("unit")["lenders, given"]
    assert list(terms["years"]) == ["5", "1"]  # the grace that serves the debt, not the one agreed


def test_lenders_give_the_part_of_a_loan_that_passes_their_test(plan: Any) -> None:
    """By one rule in every answer: less where they ask for ten times the cover that 20 MUSD have at low prices; none where
    that is under 1 % of the capital. What the base bears is named as a sum, and tables are of what is given."""
    found = case(plan, basis="market", terms={**LATE_BILLS, "dscr_low": 1.1})
    for _, sold in found.modes:
        assert sold.lending.sized == near(20) and sold.lending.cover == near(0.105821480416)
        assert sold.returns.dscr_low == near(1.1)
        assert sold.returns.debt == near(20 * 0.105821480416 / 1.1)
    told = lines_of(found, plan).replace("\N{NO-BREAK SPACE}", " ")
    assert "the base bears a loan of 20.0 MUSD" in told and "lenders give 1.92 MUSD of it" in told
    assert found.bankable, "with the loan that is given"
    refused = case(plan, basis="market", terms={**LATE_BILLS, "dscr_low": 9})
    assert not any(sold.returns.debt for _, sold in refused.modes)
    assert refused.lent is refused.shown and refused.by_year == [refused.shown]
    told = lines_of(refused, plan)
    assert "lenders give nothing" in told and "fails their tests" in told and "(DSCR)" in told
    page = business_case_page(refused, plan.case)
    assert f"Base case and downside: {midway(refused.told(refused.shown))}" in page
    assert "No debt, so nothing to cover" in page


@pytest.mark.usefixtures("no_support")
def test_tonnes_are_of_the_case_that_is_shown(make_case: MakeCase) -> None:
    """By product and year; what it works in its fullest year is no more than the plan works."""
    asked = planned(make_case, wanted=4)
    found = case(asked, terms={"market_share": 3})
    assert found.shown is found.planned
    (flows,), years = found.shown.flows.plants, found.years_of_money(found.shown)
    names = names_of(asked.case)
    table = tables.tonnes_by_year(found, names).frame
    assert table["works"].tolist() == near(flows.tonnes[: len(years)].tolist())
    assert flows.tonnes.max() < found.full.flows.plants[0].tonnes.max()
    in_year = tables.materials(found, names)
    rows = in_year.frame.set_index("does")
    most = int(flows.tonnes.argmax())
    assert rows.loc["works", "tonnes"] == near(flows.tonnes[most])
    assert rows.loc["sells", "money"] == near(flows.sales[0].market[most])
    assert f"in {found.investment.years[most]}, its fullest year" in in_year.title


@pytest.mark.usefixtures("no_support")
def test_a_plant_of_several_feeds_tells_them_by_year(make_case: MakeCase) -> None:
    """All of the rich ore, of which there is little, and as much of the poor one as the rest of the plant takes."""
    feeds = [{"feed": f, "element": "Dy", "share": s} for f, s in (("rich", 0.5), ("poor", 0.25))]
    mines = [
        mine(project="mine_rich", feeds="rich", existing_tpa=4),
        mine(project="mine_poor", feeds="poor", existing_tpa=100),
    ]
    projects = [*mines, plant(**{**PLANT, "feeds": "rich;poor"})]
    fed = planned(make_case, feeds=feeds, projects=projects)
    found = case(fed)
    assert found.shown is found.planned
    names = names_of(fed.case)
    table = tables.tonnes_by_year(found, names).frame.set_index("year")
    of_feeds = [name for name in table.columns if name.startswith("of it ")]
    assert len(of_feeds) == 2 and (table[of_feeds].max() > 0.1).all()
    assert table[of_feeds].sum(axis=1).tolist() == near(table["works"].tolist())


@pytest.mark.usefixtures("no_support")
def test_the_deck_of_metal_has_its_premium_and_markets_name_what_is_made_beside(
    make_case: MakeCase,
) -> None:
    """Metal at 6,000 and 20 % on top; by-products of a separation plant have no demand in the case."""
    more = {
        "byproducts": [{"project": "plant", "product": "ndpr", "tonnes_per_t": 0.1}],
        "prices": [{"element": "ndpr", "market": "china", "price_usd_per_kg": 90}],
        "demand": demand(8, 2026, 2030, form="metal"),
        "projects": [mine(), plant(**PLANT), smelter(max_new_tpa=8, capex_usd_per_tpa=MUSD)],
    }
    made = planned(make_case, **more)
    metal = planner.business_case(made, "smelter", terms={"metal_premium": 0.2})
    table = tables.deck(metal, names_of(made.case))
    rows = table.frame.set_index("form")
    assert rows.loc["metal", "first"] == near(7200) and rows.loc["oxide", "first"] == near(6000)
    assert "20 %" in table.note.replace("\N{NO-BREAK SPACE}", " ")
    beside = tables.markets(case(made), names_of(made.case))
    assert "plans no demand for ndpr" in beside.note


def test_nothing_is_told_of_debt_where_there_is_none(plan: Any) -> None:
    found = case(plan, terms={"debt_share": 0})
    assert not found.lent.returns.senior and found.lent.returns.missed == 0
    assert {one.short for one in found.lent.credit.downsides} == {None}
    assert found.lent.credit.binds is None


def test_a_case_without_debt_says_so_in_a_sentence(plan: Any) -> None:
    """No block of ratios, terms or covenants, and no column of covers; with debt all of them."""
    found = case(plan, terms={"debt_share": 0})
    sentence, _ = debt.of_debt(found)
    assert "No debt, so nothing to cover" in " ".join(sentence.paragraphs)
    assert [column.field for column in debt.downsides(found, found.lent).columns] == [
        "what",
        "npv",
        "owners",
        "public",
        "leaves",
        "until_then",
    ]
    page = business_case_page(found, plan.case)
    assert "No debt, so nothing to cover" in page and "Covenants, completion" not in page
    lent = case(plan, terms={"equity_rate": 0})
    assert len(debt.of_debt(lent)) == 6 and len(debt.downsides(lent, lent.lent).columns) == 6


def test_money_by_year_is_told_of_the_case_that_has_the_loan_too(plan: Any) -> None:
    """Where the case that is shown is another: both, each statement and chart under the title of its case."""
    alone = case(plan, terms={"equity_rate": 0})
    assert alone.by_year == [alone.shown]
    found = replace(alone, supported=case(plan, terms={"debt_share": 0}).full)
    assert found.lent is found.judged_on is not found.shown
    page = business_case_page(found, plan.case)
    for sold in (found.shown, found.lent):
        assert f"Balance sheet: {midway(found.told(sold))}" in page
    assert "The chapter on debt is for another case" in page
    assert {charts.cash(found, sold).name for sold in found.by_year} == {"cash", "cash_with_debt"}


def test_the_contingency_has_its_reason_and_prices_their_names(make_case: MakeCase) -> None:
    """The note of the row stands under sources and uses, and beside the input; a price is of an element by name and its source
    stands in the deck alone, once."""
    source = "P1: L07: a survey; L08: a survey; price: a bulletin"
    spare = {"item": "contingency", "value": 0.13, "notes": "to 30 % of all others."}
    elements = [PRICED[0] | {"name": "Dysprosium", "source": source}]
    long = "a survey of loans to plants of this kind as told by a paper of the industry and read whole in May"
    same = [
        {"item": name, "value": 6, "source": long} for name in ("debt_years", "depreciation_years")
    ]
    left_out = ("contingency", "debt_years", "depreciation_years")
    others = [*same, *(row for row in TERMS if row["item"] not in left_out)]
    plan = planned(make_case, elements=elements, finance=[*others, spare])
    found = case(plan)
    table = tables.sources_and_uses(found)
    assert "Contingency is 13 % on top of the estimate" in table.note
    assert "to 30 % of all others." in table.note and "others.." not in table.note
    assert "contingency, 13 % of the estimate" in table.frame["of_money"].tolist()
    inputs = tables.inputs(found).frame.set_index("term")["from_source"]
    assert inputs["price of dysprosium"] == "table “Price deck”"
    assert "to 30 %" in inputs["contingency on capital"]
    told = [text for text in inputs if text == long or text.startswith("as for “")]
    assert len(told) == 2 and told.count(long) == 1
    (deck,) = set(tables.deck(found, names_of(plan.case)).frame["from_source"])
    assert deck == "a survey; price: a bulletin"


def test_what_keeps_a_loan_from_being_larger(plan: Any) -> None:
    """Lenders' share of the capital; else the cover they ask."""
    bound = []
    for share in (0.1, 1.0):
        bound.append(case(plan, terms={"equity_rate": 0, "debt_share": share}).lent.credit.binds)
    assert bound == ["gearing", "cover"]


def test_gearing_says_what_it_is_of_and_stands_beside_all_debt(plan: Any) -> None:
    """Of 40 MUSD a grant pays 20 and a public loan 5: lenders give 6 % of the other 15, so that debt is 5.9 of 20."""
    terms = {"grant": 0.5, "public_loan": 5, "debt_share": 0.06, "equity_rate": 0, "inflation": 0}
    found = case(plan, basis="market", terms=terms)
    shown = found.full
    assert (shown.geared, shown.returns.debt, shown.indebted) == near((15, 0.9, 5.9 / 20))
    figures = tables.returns(found).frame.set_index("figure")["Selling all"]
    gearing = figures["gearing: lenders' loans over that capital"]
    every = figures["all debt, a public loan too, over capital less grant and tax credit"]
    assert (gearing, every) == (percent(0.06), percent(5.9 / 20))
    told = lines_of(found, plan)
    assert f"{percent(0.06)} of the {number(15.0)}" in told
    behind = next(one for one in shown.credit.debts if one.name == "public loan")
    assert f"all debt service is covered at least {behind.least:.2f} times" in told


def test_terms_of_a_loan_are_told_as_asked_and_as_given(plan: Any) -> None:
    """All of it guaranteed: interest of a public loan, the cover at low prices, and the share that is given."""
    terms = {"guarantee": 1, "debt_rate": 0.09, "public_loan_rate": 0.03, "dscr": 1.5}
    found = case(plan, basis="market", terms={**terms, "dscr_low": 1.2, "equity_rate": 0})
    table = debt.loan_terms(found).frame.set_index("term")
    assert table.loc["interest of lenders", ["lenders, asked", "lenders, given"]].tolist() == [
        percent(0.09),
        percent(0.03),
    ]
    cover = table.loc["cover of debt service (DSCR)"]
    assert (cover["lenders, asked"], cover["lenders, given"]) == ("1.5", "1.2")
    given = [row for term, row in table.iterrows() if str(term).startswith("most that lenders")]
    assert given[0]["lenders, given"] == percent(found.lent.returns.debt_share)


def test_what_the_public_pays_where_things_go_worse(plan: Any) -> None:
    """A grant is a share of capital that is 1.4 times as dear; half the volume leaves service of a guaranteed and of a public
    loan unpaid. By hand, with the cash flow of a case of that volume."""
    stated = {"grant": 0.1, "guarantee": 1, "public_loan": 12, "equity_rate": 0, "tax_rate": 0}
    terms = {**stated, "price_factor": 0.6, "dscr": 1.0, "dscr_low": 0.3}
    found = case(plan, basis="market", terms=terms)
    full = found.full
    by_name = {one.what: one for one in full.credit.downsides}
    index, rate = full.flows.index, 1 + found.terms["public_rate"].value

    def present(paid: Any) -> float:
        return sum(float(musd) / rate ** (n + 1) for n, musd in enumerate(paid / index))

    grant = present(full.flows.grant)
    assert grant > 1
    assert by_name["capital dear"].public - by_name["base"].public == near(0.4 * grant)
    lost_more = by_name["volume low"].called - by_name["base"].called
    assert by_name["volume low"].public == near(by_name["base"].public + lost_more)
    half = case(plan, basis="market", terms={**terms, "volume": 0.5}).full.flows.cfads
    own, behind = full.flows.loan.service, full.flows.public.service
    for what, by_year in {"base": full.flows.cfads, "volume low": half}.items():
        lost = []
        for cash, first, second in zip(by_year, own, behind, strict=True):
            left = max(cash, 0.0) - first
            lost.append(max(-left, 0.0) + max(second - max(left, 0.0), 0.0))
        assert by_name[what].called == near(present(np.array(lost))), what
    assert by_name["volume low"].called > by_name["base"].called + 1
    assert by_name["volume low"].stood_for == 0, "the test of completion asks for nothing"
    tested = case(plan, basis="market", terms={**terms, "completion": 0.6}).full.credit
    asked = {one.what: one for one in tested.downsides}["volume low"]
    assert (asked.called, asked.stood_for) == near((0, by_name["volume low"].called))
    table = debt.downsides(found, full)
    titles = {column.title for column in table.columns}
    assert {"owners called first, to completion", "of it lost on guarantee and loan"} < titles
    assert "running costs dear: fixed cost and cost by tonne together" in table.note
    helped = case(plan, terms={"equity_rate": 0.5})
    assert helped.supported and "may pay it; who does is open" in lines_of(helped, plan)


def test_cover_stands_by_year_for_each_case_below_one(plan: Any) -> None:
    """The base and the cases whose cover falls below 1, in the years of its service, by hand of the cash of such a case."""
    found = case(plan, basis="market", terms={"equity_rate": 0, "dscr": 1.2, "dscr_low": 0.5})
    full = found.full
    (table,) = debt.cover_by_year(found)
    told = [one.what for one in full.credit.downsides if one.short or one.what == "adverse prices"]
    assert len(told) > 1 and [column.field for column in table.columns] == ["year", "base", *told]
    late = case(plan, basis="market", terms={"delay_years": 4, "debt_share": 0}).full.flows.cfads
    years = [found.investment.years.index(int(year)) for year in table.frame["year"]]
    assert years == np.flatnonzero(full.flows.loan.senior > 0).tolist()
    paid = full.flows.loan.senior[years]
    assert table.frame["output late"].tolist() == near(np.maximum(late[years], 0) / paid)
    assert table.frame["base"].tolist() == near(full.flows.cfads[years] / paid)


def test_sales_without_a_demand_are_told_as_not_tested(make_case: MakeCase) -> None:
    """By-products of 900 a kg beside dysprosium of 6,000: the share of their money; none where all that
    is made is wanted."""
    more = {
        "byproducts": [{"project": "plant", "product": "ndpr", "tonnes_per_t": 0.1}],
        "prices": [{"element": "ndpr", "market": "china", "price_usd_per_kg": 900}],
    }
    beside = planned(make_case, **more)
    found = case(beside)
    (flows,) = found.full.flows.plants
    money = {one.material.element: float(one.market.sum()) for one in flows.sales}
    share = money["ndpr"] / (money["ndpr"] + money["Dy"])
    assert 0 < share < 0.5
    assert f"For {percent(share)} of its sales, in money" in lines_of(found, beside)
    plain = {"tax_rate": 0, "receivable_days": 0}
    untaxed = case(beside, basis="market", terms=plain)
    (flows,) = untaxed.shown.flows.plants
    (ndpr,) = [one.market for one in flows.sales if one.material.element == "ndpr"]
    worth = 1 + untaxed.terms["wacc"].value
    for one in untaxed.feeds_in_plan:
        assert (one.name, one.year) == ("ore", 2029) and one.taken == near(20 / 0.5 * 0.5)
        assert one.given > 0
    assert len(untaxed.feeds_in_plan) == 1
    assert untaxed.unsold == near(sum(0.1 * m / worth ** (n + 1) for n, m in enumerate(ndpr)))
    alone = planned(make_case)
    assert "gives no demand" not in lines_of(case(alone), alone)


def test_one_truth_of_what_public_money_does(plan: Any) -> None:
    """All capital is paid by a grant: nothing is left to lend on. A contract for difference carries prices. A payment for
    being there does not hang on what is made."""
    granted = case(plan, basis="market", terms={"grant": 1, "equity_rate": 0})
    assert "nothing is left to lend on" in lines_of(granted, plan)
    carried = case(plan, basis="market", terms={"cfd": 1, "equity_rate": 0, "payable": 0})
    assert "the public carries them" in lines_of(carried, plan)
    told = " ".join(debt.public_rights(granted).paragraphs)
    assert "in full in every year that the plant could run" in told and "stop when" not in told


def test_what_is_sold_above_what_others_leave_is_at_risk() -> None:
    """10 t wanted, 8 made by others: 2 of the 5 t sold for 50 would find a buyer if these sold first."""
    sold: dict[str, Any] = {
        "element": "Dy",
        "form": "oxide",
        "year": 2030,
        "made": 5.0,
        "sold": 5.0,
    }
    crowded = Market(**sold, earned=50.0, others=8.0, demand=10.0)
    assert crowded.displaced == near(30)
    assert replace(crowded, others=4.0).displaced == 0
    assert replace(crowded, others=12.0).displaced == near(50)


def test_the_case_in_each_future_and_a_loan_in_place_of_the_grant(plan: Any) -> None:
    """One future alone is the case itself; without its grant of all capital lenders give what they give without one."""
    found = case(plan, basis="market", terms={"grant": 1, "equity_rate": 0})
    (then,) = found.in_futures.values()
    assert then.npv == near(found.full.returns.npv_after_tax)
    assert then.public == near(found.public_cost)
    without = case(plan, basis="market", terms={"equity_rate": 0})
    assert found.in_place_of_grant is not None and without.in_place_of_grant is None
    assert found.in_place_of_grant.sized == near(without.full.lending.sized)
    assert found.in_place_of_grant.given == near(without.full.lending.given)


def test_owners_who_lose_by_staying_leave_once_it_is_built(plan: Any) -> None:
    """All capital granted and a payment for being there: where running costs are dear owners leave before any output, and the
    public has lost the grant; in the base they stay."""
    terms = {"grant": 1, "debt_share": 0, "availability": 5, "variable_factor": 1, "completion": 0}
    found = case(plan, basis="market", terms={**terms, "fixed_factor": 15}).full
    (base, *_) = found.credit.downsides
    assert base.owners < 0 and base.leaves == 2027
    grant = found.flows.grant / found.flows.index
    rate = 1 + float(found.levels["public_rate"])
    assert base.until_then == near(sum(paid / rate ** (n + 1) for n, paid in enumerate(grant)))
    (stays, *_) = case(plan, basis="market", terms=terms).full.credit.downsides
    assert stays.owners > 0 and stays.leaves is stays.until_then is None


def test_public_cost_where_a_term_is_otherwise(plan: Any) -> None:
    """Support that is searched for near the least one costs what the least support costs of a case of that level."""
    asked = {"price_factor": 0.75, "equity_rate": 0.3, "debt_share": 0}
    found = case(plan, terms=asked)
    told = {(one.term, one.level): one.cost for one in found.elsewhere}
    assert len(told) > 4 and ("grant_most", 0.75) not in told, "it is less anyway"
    for term, level in (("volume", 0.5), ("guarantee_loss", 0.03)):
        again = case(plan, terms={**asked, term: level}).public_cost
        assert told[term, level] == pytest.approx(again, abs=0.2) and again > found.public_cost
    table = tables.elsewhere(found)
    assert len(table) == 1 and len(table[0].frame) == len(found.elsewhere)
    assert not case(plan, terms={"equity_rate": 0}).elsewhere


def test_a_guarantee_with_a_fee_above_its_loss_costs_nothing(plan: Any) -> None:
    """All of the loan guaranteed: interest is that of a public loan with the fee on top, and the public has the fee."""
    stated = {"guarantee": 1, "equity_rate": 0, "inflation": 0, "public_loan_rate": 0.03}
    costs = []
    for fee in (0.0, 0.01, 0.05):
        found = case(plan, basis="market", terms={**stated, "guarantee_fee": fee})
        loan = found.full.flows.loan
        assert float(loan.rate) == near(0.03 + fee)
        lost = 0.01 * np.append(0.0, loan.owed[:-1]) - loan.interest * fee / (0.03 + fee)
        rate = 1 + found.terms["public_rate"].value
        worth = sum(float(musd) / rate ** (n + 1) for n, musd in enumerate(lost))
        costs.append(found.public_cost)
        assert costs[-1] == near(max(worth, 0.0))
    assert costs[0] > 0.1 and costs[1] == costs[2] == 0


def test_numbers_of_sources_are_left_out_and_the_range_of_the_first_risk_is_told(plan: Any) -> None:
    said = {
        "rows FD01-FD07; tenor of 12 years": "tenor of 12 years",
        "FI02, FD13: FD01, FD03; FW-BRA; US bonds, 2.6": "US bonds, 2.6",
        "P1: L07: a survey; L08: a survey": "a survey",
        "FD12: rows FD01-FD07": "",
    }
    assert {source: tables.said_once(source) for source in said} == said
    assert "its range is of: " in lines_of(case(plan), plan)


def test_the_cash_chart_adds_up_to_the_cash_table(plan: Any) -> None:
    """Of one case, its grant counted; both end with the plant."""
    found = case(plan, terms={"grant": 0.5, "debt_share": 0})
    flows, years = found.shown.flows, found.years_of_money(found.shown)
    assert flows.grant.sum() > 1 and len(years) < len(found.investment.years)
    _, cash, _ = tables.statement_tables(found, found.shown)
    nominal = cash.frame[cash.frame["money"] == "nominal"]
    lines = ["operations", "receivables", "stock", "payables", "capital less grant"]
    before = nominal.reindex(
        columns=lines, fill_value=0.0
    )  # what is nought throughout is no column
    assert "paid to lenders" not in nominal.columns
    assert before.astype(float).sum(axis=1).to_numpy() == pytest.approx(
        flows.after_tax[: len(years)], abs=0.03
    )
    assert cash.title == f"Cash flow: {midway(found.told(found.shown))}"
    chart = charts.cash(found, found.shown)
    assert f"{number(flows.after_tax.min())}" in chart.title


@pytest.mark.usefixtures("no_support")
def test_by_products_are_priced_in_the_world_of_the_elements(make_case: MakeCase) -> None:
    """Elements at prices outside China, by-products too, though `china` comes first in the alphabet."""
    rows = []
    for market, dy, ndpr in (("china", 2000, 90), ("outside", 6000, 110)):
        rows.append({"element": "Dy", "market": market, "price_usd_per_kg": dy})
        rows.append({"element": "ndpr", "market": market, "price_usd_per_kg": ndpr})
    by_products = [{"project": "plant", "product": "ndpr", "tonnes_per_t": 0.1}]
    plan = planned(make_case, prices=rows, byproducts=by_products)
    for market, dy, ndpr in (("case", 6.0, 0.11), ("china", 2.0, 0.09), ("outside", 6.0, 0.11)):
        prices = case(plan, market=market).investment.prices()
        assert prices["Dy", "oxide"][0] == near(dy) and prices["ndpr", "oxide"][0] == near(ndpr)


def test_the_range_of_a_price_holds_the_markets_that_the_case_knows(make_case: MakeCase) -> None:
    """An oxide at 6,000, of which a deck has 1,000, as low as 900, and another 7,000: less than 70 % of it, and 130 %."""
    rows = [
        {"element": "Dy", "market": "china", "price_usd_per_kg": 1000, "low": 900},
        {"element": "Dy", "market": "outside", "price_usd_per_kg": 7000},
        {"element": "Dy", "market": "outside", "form": "metal", "price_usd_per_kg": 90},
    ]
    (quote,) = case(planned(make_case, prices=rows)).investment.quotes
    assert (quote.low, quote.high) == near((0.15, 1.3))


def test_an_investment_case_asks_for_a_plant(plan: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(plan, run)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    for option in (("--with", "grant=0.3"), ("--basis", "market"), ("--market", "china")):
        result = CliRunner().invoke(app, ["report", str(run), *option])
        assert result.exit_code == 2 and "--project" in result.output
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_rates_are_given_real_or_nominal_and_support_for_years(plan: Any) -> None:
    nominal = case(plan, terms={"debt_rate_nominal": 0.08, "inflation": 0.03})
    assert nominal.terms["debt_rate"].value == near(1.08 / 1.03 - 1)
    forever = case(plan, basis="market", terms={"floor": 1.2})
    for_one = case(plan, basis="market", terms={"floor": 1.2, "support_years": 1})
    paid = [one.full.flows.plants[0].sales[0].floored for one in (forever, for_one)]
    assert paid[0][2:5] == near([4.8, 9.6, 9.6]) and paid[1][2:5] == near([4.8, 0, 0])


@pytest.mark.usefixtures("no_support")
def test_variants_stand_side_by_side(plan: Any, tmp_path: Path) -> None:
    """A column a file of terms, each as it is alone, with what was changed in words."""
    run = tmp_path / "run"
    write_run(plan, run)
    texts = {
        "granted": "grant = 0.3",
        "dear": "debt_rate_nominal = 0.12\nequity_rate = 0.4",
        "wrong": 'grant = "much"',
    }
    files = {name: tmp_path / f"{name}.toml" for name in texts}
    for name, text in texts.items():
        files[name].write_text(text)
    told = [f"--terms={files[name]}" for name in ("granted", "dear")]
    result = CliRunner().invoke(app, ["report", str(run), "--project", "plant", *told])
    assert result.exit_code == 0 and "public cost" in result.output, result.output
    cases, written = side_by_side_into(run, ["plant"], [files["granted"], files["dear"]])
    assert list(cases) == ["as stated", "granted", "dear"] and len(written) == 2
    alone = case(plan, terms={"grant": 0.3})
    assert cases["granted"].public_cost == near(alone.public_cost)
    page = Path(written[0]).read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "12 % nominal" in page and "grant 30 %" in page
    with pytest.raises(InputError, match="not a number"):
        side_by_side_into(run, ["plant"], [files["wrong"]])


@pytest.mark.usefixtures("no_support")
def test_plants_of_several_countries_are_taxed_and_discounted_in_each(make_case: MakeCase) -> None:
    """40 MUSD where profit is taxed at 20 % and money costs 10 %, 8 where it is 50 and 16 %: the NPV is the sum of those of
    each, and what owners ask is weighed by capital."""
    finance = [
        {"item": "tax_rate", "country": "AAA", "value": 0.2},
        {"item": "tax_rate", "country": "BBB", "value": 0.5},
        {"item": "wacc", "value": 0.1},
        {"item": "wacc", "country": "BBB", "value": 0.16},
        {"item": "equity_rate", "value": 0.1},
        {"item": "equity_rate", "country": "BBB", "value": 0.16},
    ]
    new = {"max_new_tpa": 8, "capex_usd_per_tpa": MUSD, "lead_time_years": 2, "country": "BBB"}
    projects = [mine(), plant(**PLANT), smelter(**new)]
    countries = [{"country": "AAA"}, {"country": "BBB"}]
    more = {"finance": finance, "projects": projects, "countries": countries}
    both_made = planned(make_case, **more)
    both = planner.business_case(both_made, ("plant", "smelter"))
    assert both.terms["AAA:tax_rate"].value == 0.2 and both.terms["BBB:tax_rate"].value == 0.5
    assert both.terms["BBB:wacc"].value == 0.16 and "wacc" not in both.terms
    assert both.terms["equity_rate"].value == near((40 * 0.1 + 8 * 0.16) / 48)
    page = business_case_page(both, both_made.case).replace("\N{NO-BREAK SPACE}", " ")
    assert "at 10 % (AAA) and 16 % (BBB)" in page
    assert "BBB: tax of 50 %" in lines_of(both, both_made).replace("\N{NO-BREAK SPACE}", " ")
    without = {"debt_share": 0, "price_factor": 4, "metal_premium": 1, "market_share": 1000}
    paid, worth = [], []
    for plants in (("plant", "smelter"), ("plant",), ("smelter",)):
        full = planner.business_case(both_made, plants, terms=without).full
        paid.append(float(full.flows.tax_with_debt.sum()))
        worth.append(full.returns.npv_after_tax)
    assert paid[0] == near(paid[1] + paid[2]) and paid[0] > 0
    assert worth[0] == near(worth[1] + worth[2])


def test_a_grant_is_at_most_what_it_may_be(plan: Any) -> None:
    """Without a limit the least support has more of it; with one other instruments take its place, and cost more."""
    asked = {"price_factor": 0.75, "equity_rate": 0.3, "debt_share": 0}
    free = case(plan, terms=asked)
    held = case(plan, terms={**asked, "grant_most": 0.1})
    assert free.package.amounts["grant"] > 0.1
    assert held.package.amounts.get("grant", 0) <= 0.1 + 1e-9
    assert held.public_cost > free.public_cost - 1e-6
    assert held.supported.returns.npv_owners >= -1e-3


@pytest.mark.usefixtures("no_support")
def test_the_completion_test_and_the_overrun_facility_are_told(make_case: MakeCase) -> None:
    """Half of the output in 2028, all in 2029: a test of 80 % is passed then, two years later where output is. Capital of
    1.5 times its budget of 40 MUSD is 20 above it, of which a facility of a quarter lends 10."""
    finance = [
        {"item": "capital_factor", "value": 1, "low": 1, "high": 1.5},
        {"item": "contingency", "value": 0},
        {"item": "delay_years", "value": 0, "low": 0, "high": 2},
        {"item": "life_years", "value": 6},
    ]
    asked = planned(make_case, finance=finance)
    terms = {"completion": 0.8, "overrun": 0.25, "inflation": 0, "contingency": 0, "equity_rate": 0}
    found = case(asked, basis="market", terms=terms)
    told = found.full.credit.security
    assert (told.completed, told.late) == (2029, 2031)
    assert (told.facility, told.overrun, told.drawn) == near((10, 20, 10))
    assert (told.by_public, told.by_owners) == near((0, 10))
    flows = found.full.flows
    assert told.stood_for == near(flows.owed()[: found.investment.years.index(2029) + 1].max())
    assert (flows.owners[:3] <= 1e-9).all()
    page = " ".join(business_case_page(found, asked.case).split())
    assert "passed in 2029" in page and "facility of 10.0" in page.replace(
        "\N{NO-BREAK SPACE}", " "
    )


def test_tables_of_debt_are_of_the_case_that_has_some(plan: Any) -> None:
    """Support without a loan: the chapter on debt is of the case as it stands."""
    found = case(plan, terms={"equity_rate": 0.5, "debt_share": 0.3})
    assert found.judged_on.returns.debt > 0
    if found.shown.returns.debt == 0:
        assert found.lent is found.judged_on
    assert found.lent.returns.debt > 0
    nobody = case(plan, terms={"debt_share": 0})
    assert nobody.lent is nobody.shown


@pytest.mark.usefixtures("no_support")
def test_owners_who_pay_nothing_while_it_is_built_have_no_rate(plan: Any) -> None:
    """A grant of all capital: what they pay later is told apart, and sources and uses foot."""
    terms = {"grant": 1, "debt_share": 0, "closure": 2}
    found = case(plan, basis="market", terms=terms)
    assert not found.full.returns.puts_in and found.full.returns.irr_owners is None
    assert found.full.returns.irr_after_tax is None, "the same cash flow"
    paid = case(plan, basis="market", terms={"debt_share": 0}).full.returns
    assert paid.irr_owners is not None and paid.irr_after_tax is not None
    table = tables.sources_and_uses(found)
    assert "Not in this table is what owners pay after it" in table.note
    sums = table.frame[table.frame["of_money"] == "in all"]
    assert sums["Selling all"].iloc[0] == near(sums["Selling all"].iloc[1])


def test_who_pays_an_overrun_of_capital_is_told_by_instrument(plan: Any) -> None:
    """A grant of all capital pays all of it, one of 60 % that share; the answer names what owners pay in all years."""
    shares = {}
    for grant in (0, 0.6, 1):
        terms = {"grant": grant, "debt_share": 0, "equity_rate": 0}
        found = case(plan, basis="market", terms=terms)
        held = found.full.credit.security
        assert held.overrun > 0
        shares[grant] = (held.by_public / held.overrun, held.by_owners / held.overrun)
        assert held.overrun == near(0.4 * float(found.full.flows.capital.sum()))
        told = lines_of(found, plan).replace("\N{NO-BREAK SPACE}", " ")
        assert f"overrun of capital: {number(held.overrun)} MUSD (nominal) where it is dear" in told
    assert shares[0] == near((0, 1)) and shares[0.6] == near((0.6, 0.4))
    assert shares[1] == near((1, 0))
    told = " ".join(debt.without_debt(found).paragraphs)
    assert "by the public" in told and "by owners" not in told


def test_owners_are_paid_nothing_before_completion_without_debt_either(plan: Any) -> None:
    """Half of the output in 2028, all in 2029, and a test of 80 %: what 2028 earns is kept until then."""
    terms = {"debt_share": 0, "completion": 0.8, "equity_rate": 0}
    flows = case(plan, basis="market", terms=terms).full.flows
    assert flows.owners[:3].tolist() == near([-20, -20, 0]) and flows.kept[2] == near(12.5)
    assert flows.owners[3] == near(12.5 + flows.after_tax[3]) and flows.kept[3] == 0


def test_what_the_public_has_for_its_money(plan: Any) -> None:
    """A grant has no cap: half of it is half of the overrun; half of what owners gain at high prices is named as a sum."""
    stated = {"grant": 0.5, "debt_share": 0, "equity_rate": 0.1}
    found = case(plan, terms=stated)
    held, high = found.shown.credit.security, found.downside("all prices high")
    assert held.by_public == near(held.overrun / 2)
    dearer = case(plan, terms={**stated, "price_factor": 1.3})
    assert high.owners == near(dearer.planned.returns.npv_owners)
    told = " ".join(debt.public_rights(found).paragraphs).replace("\N{NO-BREAK SPACE}", " ")
    assert f"pays {number(held.by_public)} MUSD more" in told
    assert f"would be worth {number(high.owners / 2)} MUSD" in told
    assert "the case holds none" in told
    plain = case(plan, terms={"cfd": 1.1})
    told = " ".join(debt.public_rights(plain).paragraphs)
    assert "pays back what prices are above it" in told and "does not rise with it" in told


@pytest.mark.usefixtures("no_support")
def test_the_answer_counts_what_owners_pay_in_all_years(plan: Any) -> None:
    """Working capital while it starts up counts as closure does."""
    terms = {"grant": 1, "debt_share": 0, "closure": 2, "stock_days": 365, "variable_factor": 8}
    found = case(plan, basis="market", terms=terms)
    assert not found.full.returns.puts_in
    paid = found.full.paid_in_all
    assert paid is not None
    owners = found.full.flows.owners
    assert paid.musd == near(-owners[owners < 0].sum())
    assert paid.most_in == near(-np.cumsum(owners).min())
    later = found.full.paid_later
    assert later is None or paid.musd > later.musd


def test_a_worse_case_that_earns_more_is_warned_of(plan: Any) -> None:
    """A plant that loses money on each tonne, paid for being there; none where it earns on each."""
    losing = case(plan, basis="market", terms={"variable_factor": 20, "availability": 100})
    better = [one.what for one in losing.better(losing.full)]
    assert "volume low" in better and "running costs dear" not in better
    said = "the availability payment is paid in full to an idle plant"
    assert said in lines_of(losing, plan)
    assert said not in lines_of(case(plan, basis="market", terms={"availability": 1}), plan)


def test_the_verdict_names_feed_that_the_plan_does_not_give(plan: Any) -> None:
    """Of 20 t a tenth is enough to be something, 1 t is not."""
    found = case(plan)
    (feed,) = found.feeds_in_plan
    said = {}
    for given in (1.0, 2.0):
        other = replace(found, feeds_in_plan=[replace(feed, taken=20.0, given=given)])
        said[given] = next(one for one in business_case_lines(other, plan.case) if "Verdict" in one)
    named = f"20.0 t of {names_of(plan.case).feed[feed.name]} a year the plan gives 1.00"
    assert named in said[1.0] and "Its feed is open" not in said[2.0]


def test_a_royalty_is_told_as_stated_or_not(plan: Any) -> None:
    found = case(plan)
    told = f"a per cent more takes {number(found.royalty_point)} MUSD off the NPV"
    asked = case(plan, terms={"royalty": 0.03})
    assert "Royalty is 3 % of sales; a per cent more" in lines_of(asked, plan)
    stated = replace(found.terms["royalty"], source="not stated")
    unstated = replace(found, terms={**found.terms, "royalty": stated})
    assert f"A royalty is not stated in the case, nor in a study that it names; {told}" in lines_of(
        unstated, plan
    )


def test_a_refusal_is_tested_on_the_even_mix_and_two_covers_are_explained(plan: Any) -> None:
    """The loan passes in the years that pay it and fails over its life; the mean mix has a row of its own."""
    found = case(plan, basis="plan")
    lent = replace(found.planned.lending, sized=10.0, given=0.0, cover=1.62, life=0.138, missed=())
    even = replace(lent, cover=1.3, life=1.2)
    mixed = EvenMix(npv=1.0, paid=None, public=1.0, lending=even)
    other = replace(found, planned=replace(found.planned, lending=lent), supported=found.full)
    told = lines_of(replace(other, even_mix=mixed), plan)
    explained = "the first counts only years that can pay it"
    assert "With the mix of all years in every year, as the plan runs it" in told
    assert told.count(explained) == 1
    given = replace(lent, given=10.0, life=2.0)
    served = replace(other, planned=replace(found.planned, lending=given), even_mix=mixed)
    assert "With the mix of all years" not in lines_of(served, plan)


def test_support_dearer_than_ownership_says_why(plan: Any) -> None:
    dear = case(plan, terms={"equity_rate": 0.5, "debt_share": 0})
    assert dear.public_cost > dear.owned
    assert "Support costs the public more than ownership" in tables.public_money(dear).note
    cheap = case(plan, terms={"equity_rate": 0, "grant": 0.01})
    assert "Support costs" not in tables.public_money(cheap).note


def test_public_cost_is_told_at_other_public_rates(plan: Any) -> None:
    """A grant in the two years of building, by hand; and no study is told as none."""
    found = case(plan, basis="market", terms={"grant": 1, "debt_share": 0, "equity_rate": 0})
    grant = found.shown.flows.grant / found.shown.flows.index
    by_hand = [sum(paid / rate ** (n + 1) for n, paid in enumerate(grant)) for rate in (1.02, 1.07)]
    assert list(found.costs_at((0.02, 0.07)).values()) == near(by_hand)
    assert f"{number(by_hand[1])}" in tables.public_money(found).note
    assert "at a public rate of 7" in tables.public_money(found).note
    assert "No study of a sponsor is known" in lines_of(found, plan)


def test_the_study_is_named_and_what_is_made_is_split_by_element(make_case: MakeCase) -> None:
    source = "Study of a sponsor in May 2026"
    studies = [
        {"project": "plant", "item": "npv", "value": 100, "source": source},
        {
            "project": "plant",
            "item": "gross",
            "value": 60,
            "source": "the same",
            "notes": "read twice",
        },
    ]
    studied = planned(make_case, studies=studies)
    found = case(studied)
    assert source in lines_of(found, studied)
    (table,) = economics.study(found)
    steps = table.frame.set_index("step")
    assert steps.loc["price of Dy", "unit"] == "USD/kg"
    assert steps["from_source"].tolist().count("the same; read twice") == 1
    assert source in steps["from_source"].iloc[0]
    assert "cannot be split by element" in table.note
    assert found.prices_of_study is None, "the study states no tonnes"
    tonnes = {"project": "plant", "item": "tonnes", "value": 10}
    known = case(planned(make_case, studies=[*studies, tonnes]))
    assert known.prices_of_study == near(60 / 10 / (48 / 20))
    page = business_case_page(found, studied.case)
    assert source in page and "the same; read twice" in page


def test_the_summary_names_what_weighs_and_no_command(plan: Any) -> None:
    """Of the judged inputs five at most; terms of debt in per cent; no tile of a worth that was not solved for."""
    found = case(plan)
    told = lines_of(found, plan)
    (lacking,) = [line for line in business_case_lines(found, plan.case) if "Missing" in line]
    assert "planner report" not in told and lacking.count(",") <= 8
    page = business_case_page(found, plan.case).replace("\N{NO-BREAK SPACE}", " ")
    assert "reduction of cost plus risk" not in page
    terms = debt.loan_terms(found).frame.set_index("term")["lenders, given"]
    assert terms["interest of lenders"].endswith("%")
