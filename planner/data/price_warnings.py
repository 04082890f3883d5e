"""Warnings about prices and dangers: what is dearer than going without, earns more than it costs, or escapes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from planner.data.case import Case
from planner.data.findings import Finding, found
from planner.data.schema import Hazard, Project, Shock
from planner.data.shock_effects import projects_hit
from planner.units import KG_PER_TONNE, USD_PER_MUSD


def credits_above_opex(case: Case) -> Iterator[Finding]:
    """Credits of which a part counts for nothing, because no throughput costs less than nothing."""
    for row in case.tables.projects:
        if row.credit_usd_per_t > row.variable_opex_usd_per_t:
            yield found(row, "credit_usd_per_t", "credit-above-opex")


def odd_import_prices(case: Case) -> Iterator[Finding]:
    """Prices above the loss of going without, told once for a good and supplier; prices of what nobody sells."""
    told: set[tuple[str, ...]] = set()
    for row in case.tables.imports:
        series = (row.supplier, row.country, row.element, row.form)
        if row.price_usd_per_kg == 0 or series in told:
            continue
        deepest = case.loss_steps((row.country, row.element, row.form))[-1]
        weight = case.countries[row.country].weight
        loss = deepest.musd_per_t * weight * USD_PER_MUSD / KG_PER_TONNE
        if series not in case.import_years:
            told.add(series)
            yield found(row, "price_usd_per_kg", "price-without-imports")
        elif row.price_usd_per_kg > loss:
            told.add(series)
            yield found(row, "price_usd_per_kg", "dear-import", loss=loss)


def escaping_plants(case: Case) -> Iterator[Finding]:
    """Projects that no danger meets, while one meets others of their stage and country that are there as they are.

    What may befall a plant that is yet to be built, or to come online, says nothing of one that runs.
    """
    dangers: list[Shock | Hazard] = [*case.tables.shocks, *case.tables.hazards]
    met: set[str] = set()
    for danger in {_of_plants(danger): danger for danger in dangers}.values():
        if danger.kind in ("capacity", "delay"):
            met.update(projects_hit(case, danger))
    neighbours: dict[tuple[str, str], list[Project]] = defaultdict(list)
    for row in case.tables.projects:
        neighbours[row.stage, row.country].append(row)
    for rows in neighbours.values():
        hit = [row for row in rows if row.project in met]
        for row in rows:
            others = sum(bool(_is_there(case, row) & _is_there(case, other)) for other in hit)
            if others and row.project not in met:
                yield found(row, "project", "escapes-danger", others=others)


def _of_plants(danger: Shock | Hazard) -> tuple[str, ...]:
    return danger.kind, danger.project, danger.stage, danger.country


def _is_there(case: Case, row: Project) -> set[str]:
    """The ways in which a project is there: it runs, it comes online, it may be built."""
    ways = {"may be built"} if row.max_new_tpa > 0 else set[str]()
    if row.existing_tpa > 0:
        later = row.online_year is not None and row.online_year > case.first_year
        ways.add("comes online" if later else "runs")
    return ways
