"""How dependent, on whom? Origins of supply, targets, and what happens if one or two of them are lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from planner.reporting.charts import supply as charts
from planner.reporting.parts import Card, Chapter, Chart, Part, ReportTable, Text, figures, text
from planner.reporting.run_view import RunView, summary_keys, table_rows
from planner.reporting.words.names import midway
from planner.reporting.words.numbers import percent
from planner.reporting.words.sentences import Passages
from planner.results.figures.run import rows_of
from planner.results.figures.unmet import main_scenario, sources, use_of_goods

say = Passages("dependence.j2")
MAIN_ELEMENTS, MOST_ORIGINS, MOST_MAKERS, MOST_SUPPLIERS = 3, 7, 5, 3
MOST_SCENARIOS = 40
OTHERS = "other origins"
COVERAGE = "tables/coverage.csv"
FLOWS = (
    table_rows("operations") + ": imported, resold, made, released; line: demand and use by plants"
)
OFFICIAL = [
    {
        "name": "EU Critical Raw Materials Act, by 2030: at most 65 % from one third country",
        "share": 0.65,
    }
]
"""Official lines for the share of one origin (Regulation (EU) 2024/1252, article 5)."""


def chapter(run: RunView) -> Chapter | None:
    """Shares of origins, targets, and single losses, as far as they were asked for."""
    parts: list[Part | None] = [
        largest_origin(run),
        origins(run),
        targets(run),
        single_losses(run),
        coverage_matrix(run),
        _single_points(run),
        by_source(run),
    ]
    return Chapter(
        anchor="dependence",
        title="How dependent are we, on whom?",
        lead=lead(run),
        cards=list(_cards(run)),
        parts=[part for part in parts if part is not None],
    )


def lead(run: RunView) -> str:
    """The largest origin of the main element at the end, and the largest single failure."""
    told = list(_largest(run))
    return say(
        "lead",
        first=told[:1],
        points=len(_points(run)),
        asked=bool((run.beside or {}).get("coverage")),
        names=run.names,
    )


def _largest(run: RunView) -> Iterator[dict[str, Any]]:
    """The largest origin of each main element in its last form and the last year told, before and after."""
    told = run.summary.get("diversification", {})
    before = told.get("without_plan", {})
    for element in run.elements:
        for form, by_year in reversed(list(told.get(element, {}).items())):
            last = max(by_year)
            was = before.get(element, {}).get(form, {}).get(last)
            yield {"element": element, "form": form, "year": last, "now": by_year[last], "was": was}
            break


def _cards(run: RunView) -> Iterator[Card]:
    for told in list(_largest(run))[:MAIN_ELEMENTS]:
        now, was = told["now"], told["was"]
        both = percent(now["largest_share"])
        if was is not None:
            both = f"{percent(was['largest_share'])} → {both}"
        good = f"{midway(run.names.element(told['element']))} {told['form']}, {told['year']}"
        yield Card(
            title=f"Largest origin of {good}",
            value=both,
            unit=run.names.origin(str(now["largest_origin"])),
            note="share of supply, without a plan → with it"
            if was is not None
            else "share of supply",
            source=summary_keys(f"diversification.{told['element']}.{told['form']}"),
        )
    found = (run.beside or {}).get("coverage", {})
    for key, title in (
        ("n1", "Demand met without any one origin"),
        ("n2", "Without an origin and one more"),
    ):
        worst = _worst(found.get(key, {}))
        if worst is not None:
            year, element, case = worst
            yield Card(
                title=title,
                value=percent(case["share"]),
                unit=f"of {midway(run.names.element(element))}, {year}",
                note=f"without {run.names.without(case['without'])}",
                source=f"coverage.json: {key}",
            )


def _worst(told: dict[str, dict[str, Any]]) -> tuple[str, str, dict[str, Any]] | None:
    """The least share of the last year told."""
    if not told:
        return None
    year = max(told)
    cases = told[year]
    element = min(cases, key=lambda key: (cases[key]["share"], key), default=None)
    return None if element is None else (year, element, cases[element])


def _origin_rows(run: RunView) -> pd.DataFrame:
    """Rows of origins.csv by the country of the last plant, all groups together: element, form, year, origin, tonnes,
    share."""
    table = run.tables.get("origins")
    if table is None or table.empty:
        return pd.DataFrame()
    rows = table[table["basis"] == "last"]
    by_party = rows["party"] != ""
    rows = rows[by_party] if by_party.any() else rows
    keys = ["element", "form", "year", "origin"]
    sums = rows.groupby(keys, as_index=False)[["tonnes"]].sum()
    whole = sums.groupby(keys[:3])["tonnes"].transform("sum")
    return sums.assign(share=sums["tonnes"] / whole.where(whole > 0, 1.0))


def _goods(run: RunView, rows: pd.DataFrame) -> list[tuple[str, str]]:
    """The goods (element, form) of the elements whose shortage costs most."""
    found = []
    for element in run.elements[: 2 * MAIN_ELEMENTS]:
        for form in sorted(rows.loc[rows["element"] == element, "form"].unique()):
            found.append((element, form))
    return found


def _good(run: RunView, element: str, form: str) -> str:
    return f"{run.names.element(element)} {form}"


def largest_origin(run: RunView) -> Chart | None:
    """Share of the largest origin of each good by year."""
    rows = _origin_rows(run)
    if rows.empty:
        return None
    goods = _goods(run, rows)
    told = []
    best = rows[rows["origin"] != "stock"].sort_values(["share", "origin"], ascending=[False, True])
    for row in rows_of(best.drop_duplicates(["element", "form", "year"])):
        if (row.element, row.form) in goods:
            told.append(_origin_point(run, row, "with the plan"))
    told += list(_told_without(run, goods))
    frame = pd.DataFrame(told).sort_values(["place", "plan", "year"], kind="stable")
    return Chart(
        name="largest_origin",
        title=say("largest_title", first=list(_largest(run))[:1], names=run.names),
        caption=say("largest", line=OFFICIAL[0]),
        spec=charts.largest_origin(frame, pd.DataFrame(OFFICIAL), "tables/origins.csv"),
        source="tables/origins.csv, basis=last; summary.json: diversification",
    )


def _origin_point(run: RunView, row: Any, plan: str) -> dict[str, Any]:
    return {
        "good": _good(run, row.element, row.form),
        "place": run.elements.index(row.element),
        "year": int(row.year),
        "plan": plan,
        "share": row.share,
        "origin": run.names.origin(row.origin),
    }


def _told_without(run: RunView, goods: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The largest origins without a plan, in the years that the summary tells."""
    told = run.summary.get("diversification", {}).get("without_plan", {})
    for element, form in goods:
        for year, at in told.get(element, {}).get(form, {}).items():
            yield {
                "good": _good(run, element, form),
                "place": run.elements.index(element),
                "year": int(year),
                "plan": "without a plan",
                "share": at["largest_share"],
                "origin": run.names.origin(str(at["largest_origin"])),
            }


def origins(run: RunView) -> Chart | None:
    """Supply of a good by origin over the years."""
    rows = _origin_rows(run)
    if rows.empty:
        return None
    goods = _goods(run, rows)
    names = [_good(run, element, form) for element, form in goods]
    by_size = rows.groupby("origin")["share"].sum().sort_values(ascending=False, kind="stable")
    kept = list(by_size.index[:MOST_ORIGINS])
    rows = rows[[good in goods for good in zip(rows["element"], rows["form"], strict=True)]]
    named = {
        origin: run.names.origin(origin) if origin in kept else OTHERS for origin in by_size.index
    }
    frame = pd.DataFrame(
        {
            "good": [_good(run, e, f) for e, f in zip(rows["element"], rows["form"], strict=True)],
            "year": rows["year"].astype(int),
            "origin": rows["origin"].map(named),
            "tonnes": rows["tonnes"],
            "share": rows["share"],
        }
    )
    frame = frame.groupby(["good", "year", "origin"], as_index=False).sum()
    order = list(dict.fromkeys(named.values()))
    return Chart(
        name="origins",
        title=say("origins_title", goods=len(names), origins=len(by_size)),
        caption=say("origins_note"),
        spec=charts.origins(frame, names, order, OTHERS, "tables/origins.csv, basis=last"),
        source="tables/origins.csv, basis=last",
    )


def targets(run: RunView) -> ReportTable | None:
    """The targets that the plan was held to, and whether it meets them."""
    asked = getattr(run.case, "targets", None) or getattr(run.case.tables, "targets", ())
    if not asked:
        return None
    told = run.summary.get("targets", {})
    rows = []
    for row in asked.values() if isinstance(asked, dict) else asked:
        result = told.get(row.target)
        rows.append(
            {
                "name": row.name or row.target,
                "kind": say("kind", kind=row.kind),
                "share": percent(row.share),
                "where": _where(run, row),
                "price": row.price_usd_per_kg,
                "met": "must be met" if result is None else ("met" if result["met"] else "missed"),
                "missing": None if result is None else result["missing_t"],
                "cost": None if result is None else result["cost_musd"],
            }
        )
    return ReportTable(
        title=say(
            "targets_title", targets=len(rows), missed=sum(r["met"] == "missed" for r in rows)
        ),
        columns=[
            text("name", "target"),
            text("kind", "asks for"),
            text("share"),
            text("where", "of what, where, when"),
            figures("price", "price of missing it", "USD/kg"),
            text("met", "result"),
            figures("missing", "missing, expected", "t"),
            figures("cost", "cost of missing it", "MUSD"),
        ],
        frame=pd.DataFrame(rows),
        source=summary_keys("targets"),
        sheet="targets",
        meaning="targets of diversification, and whether the plan meets them",
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
    parts.append(f"{first}–{last}" if first != last else str(first))
    return "; ".join(parts)


def _coverage_rows(run: RunView) -> pd.DataFrame:
    """Rows of coverage.csv with the plan."""
    table = run.tables.get("coverage")
    if table is None or table.empty:
        return pd.DataFrame()
    with_plan = table["plan"].astype(str).str.casefold() == "true"
    return table[with_plan]


CASES = (
    ("n0", "nothing lost"),
    ("n1", "without the worst origin (N-1)"),
    ("n2", "without it and one more (N-2)"),
)


def single_losses(run: RunView) -> Chart | None:
    """Demand that can be met if nothing, one origin, or one origin and one more is lost."""
    rows, found = _coverage_rows(run), (run.beside or {}).get("coverage", {})
    if rows.empty or not found:
        return None
    told = []
    whole = rows[rows["without"] == "nothing"]
    for row in rows_of(whole):
        told.append((row.element, int(row.year), CASES[0][1], row.served_share, "nothing"))
    for key, case in CASES[1:]:
        for year, by_element in found.get(key, {}).items():
            for element, at in by_element.items():
                told.append(
                    (element, int(year), case, at["share"], run.names.without(at["without"]))
                )
    frame = pd.DataFrame(told, columns=["element", "year", "case", "share", "without"])
    order = {element: place for place, element in enumerate(run.elements)}
    cases = {case: place for place, (_, case) in enumerate(CASES)}
    frame = frame.assign(place=frame["element"].map(order), rank=frame["case"].map(cases))
    frame = frame.sort_values(["place", "rank", "year"], kind="stable")
    frame["element"] = frame["element"].map(run.names.element)
    worst = _worst(found.get("n1", {}))
    return Chart(
        name="single_losses",
        title=say("losses_title", worst=worst, names=run.names),
        caption=say("losses_note"),
        spec=charts.single_losses(frame.drop(columns=["place", "rank"]), COVERAGE),
        source=f"{COVERAGE}; coverage.json: n1, n2",
    )


MOST_MISSING = 25


def coverage_matrix(run: RunView) -> Chart | None:
    """Demand that can be met, by element and by what is missing."""
    rows = _coverage_rows(run)
    if rows.empty:
        return None
    worst = rows.groupby("without")["served_share"].min().sort_values(kind="stable")
    missing = ["nothing", *(w for w in worst.index if w != "nothing")][:MOST_MISSING]
    rows = rows[rows["without"].isin(missing)]
    words = {w: "nothing" if w == "nothing" else run.names.without(w) for w in missing}
    frame = pd.DataFrame(
        {
            "year": rows["year"].astype(int).astype(str),
            "without": rows["without"].map(words),
            "element": rows["element"].map(run.names.element),
            "share": rows["served_share"],
            "loss_musd": rows["loss_musd"],
        }
    )
    years = sorted(frame["year"].unique())
    return Chart(
        name="coverage",
        title=say("matrix_title", points=len(_points(run))),
        caption=say("matrix"),
        spec=charts.coverage_matrix(frame, list(words.values()), years, COVERAGE),
        source=COVERAGE,
    )


def _points(run: RunView) -> list[dict[str, Any]]:
    """Single points of failure, with the plan."""
    found = (run.beside or {}).get("coverage", {}).get("single_points", [])
    return [point for point in found if point.get("plan", True)]


def _single_points(run: RunView) -> Text | None:
    """The single points of failure by name."""
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
    return Text(told, source="coverage.json: single_points", listed=True) if told else None


def by_source(run: RunView) -> Chart | None:
    """Where goods come from in a scenario, and their use."""
    needs = run.tables["shortfall"]
    goods = []
    for element in run.elements[:MAIN_ELEMENTS]:
        for form in sorted(needs.loc[needs["element"] == element, "form"].unique()):
            goods.append((element, form))
    if not goods:
        return None
    scenarios = list(dict.fromkeys([*run.by_loss[:MOST_SCENARIOS], run.calm]))
    flows = sources(run, goods, scenarios)
    use = use_of_goods(run, goods, scenarios)
    if flows.empty or use.empty:
        return None
    flows = flows.assign(kind=_kinds(run, flows))
    keys = ["scenario", "element", "form", "year", "kind"]
    flows = flows.groupby(keys, as_index=False)[["tonnes"]].sum()
    sums = flows.groupby("kind")["tonnes"].sum().sort_values(ascending=False, kind="stable")
    order = sorted(sums.index, key=lambda kind: (_way(kind), list(sums.index).index(kind)))
    names = [_good(run, element, form) for element, form in goods]
    return Chart(
        name="by_source",
        title=say("source_title", goods=names),
        caption=say("source"),
        spec=charts.by_source(
            _named(run, flows)[["scenario", "good", "year", "kind", "tonnes"]],
            _named(run, use)[["scenario", "good", "year", "use_t"]],
            scenarios=[run.names.scenario(scenario) for scenario in scenarios],
            goods=names,
            order=order,
            start=(run.names.scenario(main_scenario(run)), names[0]),
            source=FLOWS,
        ),
        source=FLOWS,
    )


def _named(run: RunView, rows: pd.DataFrame) -> pd.DataFrame:
    goods = [_good(run, e, f) for e, f in zip(rows["element"], rows["form"], strict=True)]
    return rows.assign(good=goods, scenario=rows["scenario"].map(run.names.scenario))


def _kinds(run: RunView, flows: pd.DataFrame) -> list[str]:
    """The suppliers and makers that give most by name, the others together, and stock."""
    kept: dict[str, list[str]] = {}
    for way, most in (("imported", MOST_SUPPLIERS), ("made", MOST_MAKERS)):
        sums = flows[flows["way"] == way].groupby("by")["tonnes"].sum()
        kept[way] = list(sums.sort_values(ascending=False, kind="stable").index[:most])
    kinds = []
    for way, by in zip(flows["way"], flows["by"], strict=True):
        if way == "stock":
            kinds.append("From stock")
        elif way == "imported":
            kinds.append(
                "Import: " + (run.names.party(by) if by in kept[way] else "other suppliers")
            )
        else:
            kinds.append(
                "Made: " + (run.names.country(by) if by in kept[way] else "other countries")
            )
    return kinds


def _way(kind: str) -> int:
    """Imports lie at the ground, then production, then stock."""
    return ["Import", "Made", "From stock"].index(kind.partition(": ")[0])
