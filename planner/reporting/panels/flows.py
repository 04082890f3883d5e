"""The material flow of one element: from the mine to the use, undisturbed and in a cut."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from planner.reporting.charts import flow as drawing
from planner.reporting.parts import Chart, ReportTable, amounts, text, whole
from planner.reporting.words.names import Names, begun, names_of
from planner.reporting.words.numbers import number
from planner.results.figures.material_flow import (
    SAVED,
    UNMET,
    Flow,
    Selection,
    blocks_of,
    chosen_scenarios,
    chosen_years,
    flows,
    forms_of,
    height_of,
    links_of,
)
from planner.results.figures.sums import elements_by_loss
from planner.results.plan import Plan

SOURCE = "tables/operations.csv, tables/shortfall.csv"
MOST_ORIGINS = 7
"""Origins with a name and colour of their own; the others are one."""
OTHERS = "other countries"
FLOW = ReportTable(
    title="Blocks of the diagram as it is at first",
    columns=[
        text("column"),
        text("origin"),
        amounts("t", "amount", "t"),
        whole("y", "year"),
        text("s", "scenario"),
    ],
)
"""A row a block."""


def flow_charts(plan: Plan) -> list[Chart]:
    """The diagram of the costliest element, in a year without shortage and in the year with the deepest one."""
    every = {key: flow for key, flow in flows(plan).items() if height_of(flow) > 0}
    if not every:
        return []
    links, blocks = _frames(plan, every)
    cut = _most_short(every)
    calm = _least_short(every, cut)
    charts = []
    for name, at, words in (("flow_undisturbed", calm, "least"), ("flow_cut", cut, "largest")):
        charts.append(_chart(plan, name, links, blocks, at, every[at], words))
    return charts if calm != cut else charts[:1]


def _least_short(every: dict[Selection, Flow], cut: Selection) -> Selection:
    """The scenario with the least unmet demand of the element and year of the cut."""
    own = [key for key in every if (key.element, key.year) == (cut.element, cut.year)]
    return min(own, key=lambda key: every[key].unmet)


def _most_short(every: dict[Selection, Flow]) -> Selection:
    """The selection of the first element with the most unmet demand."""
    element = next(iter(every)).element
    own = [key for key in every if key.element == element]
    return max(own, key=lambda key: every[key].unmet)


def _chart(
    plan: Plan,
    name: str,
    links: pd.DataFrame,
    blocks: pd.DataFrame,
    at: Selection,
    flow: Flow,
    words: str,
) -> Chart:
    names = names_of(plan.case)
    first = {"e": names.element(at.element), "y": at.year, "s": names.scenario(at.scenario)}
    choices: dict[str, Sequence[Any]] = {
        "e": [names.element(one) for one in elements_by_loss(plan)],
        "y": chosen_years(plan),
        "s": [names.scenario(one) for one in chosen_scenarios(plan)],
    }
    demand = sum(balance.use for balance in flow.forms) + flow.unmet + flow.saved
    forms = forms_of(plan)
    columns = [names.stages["mine"], *_headings(names, forms), "Use"]
    shown = blocks[
        (blocks["e"] == first["e"]) & (blocks["y"] == at.year) & (blocks["s"] == first["s"])
    ]
    rows = shown.assign(column=[columns[place] for place in shown["x"]])
    return Chart(
        name=name,
        title=f"{first['e']} in {at.year}, {words} shortage: {number(flow.unmet)} of {number(demand)} t unmet",
        spec=drawing.sankey(links, blocks, columns, choices, first, SOURCE),
        caption="Colour: country of the last plant, or supplier. Losses and what is left over are not drawn.",
        source=SOURCE,
        table=FLOW.over(rows),
    )


def _headings(names: Names, forms: list[str]) -> list[str]:
    """The names of the forms; a single form needs none."""
    return ["Supply"] if len(forms) == 1 else [begun(names.form_name(form)) for form in forms]


def _frames(plan: Plan, every: dict[Selection, Flow]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Links and blocks of all selections, in shares of the highest column of each element."""
    names = names_of(plan.case)
    scale = defaultdict[str, float](float)
    for key, flow in every.items():
        scale[key.element] = max(scale[key.element], height_of(flow))
    called = _origins(plan, every)
    links: list[dict[str, Any]] = []
    blocks: list[dict[str, Any]] = []
    for key, flow in every.items():
        whole = scale[key.element]
        at = {"e": names.element(key.element), "y": key.year, "s": names.scenario(key.scenario)}
        blocks += _blocks(at, flow, whole, called, names, forms_of(plan))
        links += _links(at, flow, whole, called)
    link_frame = pd.DataFrame(links)
    link_frame["i"] = range(len(link_frame))
    order = {
        origin: place
        for place, origin in enumerate([*dict.fromkeys(called.values()), SAVED, UNMET])
    }
    block_frame = pd.DataFrame(blocks)
    by_order = block_frame["origin"].map(order).sort_values(kind="stable").index
    return link_frame, block_frame.loc[by_order]


def _origins(plan: Plan, every: dict[Selection, Flow]) -> dict[str, str]:
    """Origin -> its name, the largest by name and the others as one."""
    sums = defaultdict[str, float](float)
    for flow in every.values():
        for balance in flow.forms:
            for origin, tonnes in balance.supply.items():
                sums[origin] += tonnes
        for (mine, _), tonnes in flow.mined.items():
            sums[mine] += tonnes
    ordered = sorted(sums, key=lambda origin: (-sums[origin], origin))
    names = names_of(plan.case)
    called = {origin: names.origin(origin) for origin in ordered[:MOST_ORIGINS]}
    return called | dict.fromkeys(ordered[MOST_ORIGINS:], OTHERS)


def _blocks(
    at: dict[str, Any],
    flow: Flow,
    whole: float,
    called: dict[str, str],
    names: Names,
    forms: list[str],
) -> Iterator[dict[str, Any]]:
    for block in blocks_of(flow):
        origin = label = called.get(block.origin, block.origin)
        if block.origin.startswith("used "):
            form = names.form_name(forms[int(block.origin.removeprefix("used "))])
            origin, label = USED, form if len(forms) > 1 else USED
        yield {
            **at,
            "origin": origin,
            "t": round(block.t, 1),
            "x": block.column,
            "y0": round(block.bottom / whole, 4),
            "h": round(block.t / whole, 4),
            "label": label,
        }


def _links(
    at: dict[str, Any], flow: Flow, whole: float, called: dict[str, str]
) -> Iterator[dict[str, Any]]:
    for link in links_of(flow):
        if link.t >= drawing.SMALL * whole:
            yield {
                **at,
                "origin": called[link.origin],
                "t": round(link.t, 1),
                "x0": link.start,
                "x1": link.end,
                "y0": round(link.y0 / whole, 4),
                "y1": round(link.y1 / whole, 4),
                "h": round(link.t / whole, 4),
            }


USED = "used"
"""Origin of the blocks of what is used."""
