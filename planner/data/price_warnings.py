"""Warnings about prices and dangers: imports dearer than going without, credits above costs, plants that escape."""

from __future__ import annotations

from collections.abc import Iterator

from planner.data.case import Case
from planner.data.cells import grouped_by
from planner.data.findings import Finding, found
from planner.data.lookups import good_of, series_of
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
        series = series_of(row)
        if row.price_usd_per_kg == 0 or series in told:
            continue
        deepest = case.loss_steps(good_of(row))[-1]
        weighed = deepest.musd_per_t * case.countries[row.country].weight
        loss = weighed * USD_PER_MUSD / KG_PER_TONNE
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
    dangers: dict[tuple[str, ...], Shock | Hazard] = {}
    rows: list[Shock | Hazard] = [*case.tables.shocks, *case.tables.hazards]
    for danger in rows:
        if danger.kind in ("capacity", "delay"):
            dangers[danger.project, danger.stage, danger.country] = danger
    met: set[str] = set()
    for danger in dangers.values():
        met.update(projects_hit(case, danger))
    for neighbours in grouped_by(case.tables.projects, "stage", "country").values():
        ways = {row.project: _ways_to_be_there(case, row) for row in neighbours}
        hit = [row.project for row in neighbours if row.project in met]
        for row in neighbours:
            alike = [other for other in hit if not ways[row.project].isdisjoint(ways[other])]
            if alike and row.project not in met:
                yield found(row, "project", "escapes-danger", others=len(alike))


def _ways_to_be_there(case: Case, row: Project) -> set[str]:
    """Ways in which a project is there: it runs, it comes online, it may be built."""
    ways: set[str] = set()
    if row.max_new_tpa > 0:
        ways.add("may be built")
    if row.existing_tpa > 0:
        later = row.online_year is not None and row.online_year > case.first_year
        ways.add("comes online" if later else "runs")
    return ways
