"""How dependent, on whom? Origins of supply, targets, and what happens if one or two of them are lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.chapters.dependence_answer import (
    answer_table,
    lead,
    origins_without_plan,
    out_of_reach,
)
from planner.reporting.charts import outcomes as charts
from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    Text,
    figures,
    in_musd,
    text,
    told_chart,
)
from planner.reporting.run_view import RunView, summary_keys, table_rows
from planner.reporting.words.names import midway
from planner.reporting.words.numbers import percent, span
from planner.reporting.words.sentences import Passages
from planner.results.coverage import NOTHING
from planner.results.figures.dependence import LINE, largest_origins, removals, supply_by_origin
from planner.results.figures.unmet import main_scenario, sources, use_of_goods

say = Passages("dependence.j2")
MAIN_ELEMENTS, MOST_ORIGINS, MOST_MAKERS, MOST_SUPPLIERS = 3, 7, 3, 2
MOST_SCENARIOS, MOST_MISSING = 40, 25
OTHERS = "other origins"
ORIGINS = "tables/origins.csv, basis=last"
COVERAGE = "tables/coverage.csv"
FLOWS = (
    table_rows("operations") + ": imported, resold, made, released; line: demand and use by plants"
)
LIMIT_NAME = "EU Critical Raw Materials Act, by 2030: at most 65 % from one third country"
"""Official line for the share of one origin (Regulation (EU) 2024/1252, article 5)."""


def chapter(run: RunView) -> Chapter | None:
    """Shares of origins, targets, and single losses, as far as they were asked for."""
    parts = [
        answer_table(run),
        out_of_reach(run),
        targets(run),
        _single_points(run),
        largest_origin(run),
        origins(run),
        coverage_matrix(run),
        by_source(run),
    ]
    return Chapter.of("dependence", "How dependent are we, on whom?", parts, lead=lead(run))


def _coverage(run: RunView) -> dict[str, Any]:
    """The file coverage.json; empty if it was not asked for."""
    found: dict[str, Any] = (run.beside or {}).get("coverage", {})
    return found


def _largest(run: RunView) -> Iterator[dict[str, Any]]:
    """The largest origin of each main element in the last year told, of the form of which it gives most, before and after."""
    told = run.summary.get("diversification", {})
    before = origins_without_plan(run)
    for element in run.elements:
        by_form = told.get(element)
        if not by_form:
            continue
        last = max(year for by_year in by_form.values() for year in by_year)
        there = [form for form, by_year in by_form.items() if last in by_year]
        form = max(there, key=lambda form: by_form[form][last]["largest_share"])
        was = before.get(element, {}).get(form, {}).get(last)
        now = by_form[form][last]
        yield {"element": element, "form": form, "year": last, "now": now, "was": was}


def _worst(told: dict[str, dict[str, Any]]) -> tuple[str, str, dict[str, Any]] | None:
    """The least share of the last year told."""
    if not told:
        return None
    year = max(told)
    cases = told[year]
    element = min(cases, key=lambda key: (cases[key]["share"], key), default=None)
    return None if element is None else (year, element, cases[element])


def _of_main_goods(run: RunView, rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Rows of the first elements, those whose shortage costs most, in their order; good: element and form by name."""
    main = rows[rows["element"].isin(run.elements[:most])]
    main = run.costliest_first(main, "form")
    return main.assign(good=main["element"].map(run.names.element) + " " + main["form"])


def largest_origin(run: RunView) -> Chart | None:
    """Share of the largest origin of each good by year."""
    rows = largest_origins(run)
    if rows.empty:
        return None
    now = rows.assign(plan=charts.WITH)
    both = pd.concat([now, _told_without(run)]).sort_values(["plan", "year"], kind="stable")
    frame = _of_main_goods(run, both, 2 * MAIN_ELEMENTS)
    frame = frame[frame["good"].isin(frame.loc[frame["plan"] == charts.WITH, "good"])]
    frame["origin"] = frame["origin"].map(run.names.origin)
    drawn = frame[["good", "year", "plan", "share", "origin"]]
    spec = charts.largest_origin(drawn, LINE, "tables/origins.csv")
    return told_chart(
        say,
        "largest",
        spec,
        f"{ORIGINS}; summary.json: diversification",
        name="largest_origin",
        first=list(_largest(run))[:1],
        names=run.names,
        line=LIMIT_NAME,
    )


def _told_without(run: RunView) -> pd.DataFrame:
    """The largest origins without a plan, in the years that the summary tells."""
    told = origins_without_plan(run)
    rows = []
    for element in run.elements:
        for form, by_year in told.get(element, {}).items():
            for year, at in by_year.items():
                origin, share = str(at["largest_origin"]), at["largest_share"]
                rows.append((element, form, int(year), origin, share))
    frame = pd.DataFrame(rows, columns=["element", "form", "year", "origin", "share"])
    return frame.assign(plan=charts.WITHOUT)


def origins(run: RunView) -> Chart | None:
    """Supply of a good by origin over the years."""
    rows = supply_by_origin(run)
    if rows.empty:
        return None
    shares = rows.groupby("origin")["share"].sum()
    by_size = shares.sort_values(ascending=False, kind="stable")
    kept = by_size.index[:MOST_ORIGINS]
    names = {origin: run.names.origin(origin) for origin in kept}
    rows = _of_main_goods(run, rows, 2 * MAIN_ELEMENTS)
    goods = style.in_order(rows["good"])
    kind = rows["origin"].map(names).fillna(OTHERS)
    frame = rows.assign(kind=kind, year=rows["year"].astype(int))
    by_kind = frame.groupby(["good", "year", "kind"], as_index=False)
    frame = by_kind[["tonnes", "share"]].sum()
    kinds = list(names.values())
    bars = shapes.stacked_bars(
        frame,
        style.amounts("tonnes", "t a year, expected"),
        kinds=[*kinds, OTHERS] if len(by_size) > len(kept) else kinds,
        others=OTHERS,
        tips={
            "good": "good",
            "year": "year",
            "kind": "origin",
            "tonnes": "t, expected",
            "share": "share",
        },
        source=ORIGINS,
        choosers=[style.chooser("good", "Good", goods, goods[0])],
    )
    return told_chart(
        say, "origins", style.across(bars, 240), ORIGINS, goods=len(goods), suppliers=len(by_size)
    )


class Targets(DeclaredTable):
    """A row a target."""

    sheet = "targets"
    meaning = "targets of diversification, and whether the plan meets them"

    target = text()
    kind = text("asks for")
    at = text("share")
    where = text("of what, where, when")
    price = figures("price of missing it", "USD/kg")
    met = text("result")
    missing_t = figures("missing, expected", "t")
    cost_musd = in_musd("cost of missing it")


MET = {None: "must be met", True: "met", False: "missed"}


def targets(run: RunView) -> ReportTable | None:
    """The targets that the plan was held to, and whether it meets them."""
    asked = run.case.targets
    if not asked:
        return None
    told = run.summary.get("targets", {})
    rows = []
    for row in asked.values():
        result = told.get(row.target, {"met": None, "missing_t": None, "cost_musd": None})
        rows.append(
            {
                **result,
                "target": row.name or row.target,
                "kind": say("target_kind", kind=row.kind),
                "at": percent(row.share),
                "where": _where(run, row),
                "price": row.price_usd_per_kg,
                "met": MET[result["met"]],
            }
        )
    missed = sum(row["met"] == "missed" for row in rows)
    return Targets.from_rows(
        rows,
        title=say("targets_title", targets=len(rows), missed=missed),
        source=summary_keys("targets"),
    )


def _where(run: RunView, row: Any) -> str:
    """Element, form, countries and years of a target."""
    good = run.names.element(row.element) if row.element else "each element"
    parts = [f"{good} {row.form}".strip()]
    country = row.country if isinstance(row.country, str) else ";".join(row.country)
    if country:
        parts.append(", ".join(run.names.country(one) for one in country.split(";")))
    elif row.party:
        parts.append(run.names.party(row.party))
    first, last = row.first_year or run.years[0], row.last_year or run.years[-1]
    parts.append(span(first, last))
    return "; ".join(parts)


MISSING_HUES = (style.MISSING, "#f6ddb0", "#e7f0f7")
COVERAGE_TIPS = {
    "coverage_year": "year",
    "without": "without",
    "element": "element",
    "share": "demand that can be met",
    "loss_musd": "loss of such a year, MUSD",
}


def coverage_matrix(run: RunView) -> Chart | None:
    """Demand that can be met, by element and by what is missing."""
    every = removals(run)
    rows = every[every["plan"]]
    if rows.empty:
        return None
    names = _missing(run, rows)
    frame = _coverage_cells(run, rows, names)
    years = sorted(frame["coverage_year"].unique())
    with_points = [str(year) for year in _years_of_points(run)]
    opening = next(iter(with_points), years[-1])
    elements = style.in_order(frame["element"])
    missing = list(names.values())
    cells = shapes.matrix(
        frame,
        shapes.names_across("element", elements, labelAngle=0, orient="top"),
        style.rows("without", missing),
        shapes.share_hue("demand that can be met", MISSING_HUES),
        tips=COVERAGE_TIPS,
        source=COVERAGE,
        words=alt.Text("share:Q", format=style.PERCENT),
        choosers=[style.chooser("coverage_year", "Year", years, opening)],
    )
    return told_chart(
        say,
        "matrix",
        style.across(cells, style.rows_high(missing)),
        COVERAGE,
        name="coverage",
        points=len(_points(run)),
        years=_years_of_points(run),
    )


def _missing(run: RunView, rows: pd.DataFrame) -> dict[str, str]:
    """Names of what may be missing, nothing first, then what leaves least; no more than are drawn."""
    least = rows.groupby("without")["served_share"].min()
    worst_first = least.drop(NOTHING, errors="ignore").sort_values(kind="stable")
    names = {NOTHING: NOTHING}
    for lost in worst_first.index[: MOST_MISSING - 1]:
        names[lost] = run.names.without(lost)
    return names


def _coverage_cells(run: RunView, rows: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """A row a cell of the matrix: the fields of its tooltip."""
    named = run.names.told(rows[rows["without"].isin(names)])
    cells = named.assign(
        coverage_year=named["year"].astype(str),
        without=named["without"].map(names),
        share=named["served_share"],
    )
    return cells[[*COVERAGE_TIPS]]


def _points(run: RunView) -> list[dict[str, Any]]:
    """Single points of failure, with the plan."""
    found = _coverage(run).get("single_points", [])
    return [point for point in found if point.get("plan", True)]


def _years_of_points(run: RunView) -> list[int]:
    return sorted({int(point["year"]) for point in _points(run)})


def _single_points(run: RunView) -> Text | None:
    """The single points of failure by name, and the worst pair."""
    told = []
    for point in _points(run):
        told.append(
            say(
                "point",
                year=point["year"],
                without=run.names.without(point["without"]),
                element=midway(run.names.element(point["element"])),
                falls_by=point["falls_by"],
            )
        )
    worst = _worst(_coverage(run).get("n2", {}))
    if worst is not None:
        year, element, case = worst
        told.append(
            say(
                "pair",
                year=year,
                without=run.names.without(case["without"]),
                element=midway(run.names.element(element)),
                share=case["share"],
            )
        )
    if told:
        told.append(say("one_of_several"))
    source = "coverage.json: single_points, n2"
    title = say("points_title", points=len(_points(run)))
    return Text(told, title=title, source=source, listed=True) if told else None


def by_source(run: RunView) -> Chart | None:
    """Where goods come from in a scenario, and their use."""
    needs = run.tables["shortfall"][["element", "form"]].drop_duplicates()
    named = _of_main_goods(run, needs, MAIN_ELEMENTS)
    if named.empty:
        return None
    goods = list(zip(named["element"], named["form"], strict=True))
    shown = [*run.by_loss[:MOST_SCENARIOS], main_scenario(run), run.calm]
    scenarios = list(dict.fromkeys(shown))
    flows = sources(run, goods, scenarios)
    use = use_of_goods(run, goods, scenarios)
    if flows.empty or use.empty:
        return None
    flows = flows.assign(kind=_kinds(run, flows))
    keys = ["scenario", "element", "form", "year", "kind"]
    flows = flows.groupby(keys, as_index=False)[["tonnes"]].sum()
    tonnes = flows.groupby("kind")["tonnes"].sum()
    by_size = tonnes.sort_values(ascending=False, kind="stable")
    names = list(named["good"])
    called = [run.names.scenario(scenario) for scenario in scenarios]
    opening = run.names.scenario(main_scenario(run))
    by_scenario = style.chooser("scenario", "Scenario", called, opening)
    by_good = style.chooser("good", "Good", names, names[0])
    spec = charts.by_source(
        _named(run, flows)[["scenario", "good", "year", "kind", "tonnes"]],
        _named(run, use)[["scenario", "good", "year", "use_t"]],
        kinds=sorted(by_size.index, key=_way),
        choosers=[by_scenario, by_good],
        source=FLOWS,
    )
    return told_chart(say, "source", spec, FLOWS, name="by_source", goods=names)


def _named(run: RunView, rows: pd.DataFrame) -> pd.DataFrame:
    named = run.names.told(rows)
    return named.assign(good=named["element"] + " " + named["form"])


WAYS = {"imported": "Import", "made": "Made", "stock": "From stock"}
"""Ways of supply, from the ground up."""
MOST_NAMED = {"imported": MOST_SUPPLIERS, "made": MOST_MAKERS}
REST = {"imported": "other suppliers", "made": "other countries"}


def _kinds(run: RunView, flows: pd.DataFrame) -> list[str]:
    """The suppliers and makers that give most by name, the others together, and stock."""
    sums = flows.groupby(["way", "by"], as_index=False)[["tonnes"]].sum()
    sums = sums.sort_values("tonnes", ascending=False, kind="stable")
    names: dict[str, Callable[[str], str]] = {
        "imported": run.names.party,
        "made": run.names.country,
    }
    kept = {}
    for way, most in MOST_NAMED.items():
        for by in sums.loc[sums["way"] == way, "by"][:most]:
            name = names[way](by).replace(": ", ", ")
            kept[way, by] = f"{WAYS[way]}: {name}"
    kinds = []
    for way, by in zip(flows["way"], flows["by"], strict=True):
        if way == "stock":
            kinds.append(WAYS[way])
        else:
            kinds.append(kept.get((way, by), f"{WAYS[way]}: {REST[way]}"))
    return kinds


def _way(kind: str) -> int:
    """Imports lie at the ground, then production, then stock."""
    return list(WAYS.values()).index(kind.partition(": ")[0])
