"""Investment cases of a run folder, with the files that tell of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from planner.api.business_case import business_case
from planner.api.plans import stored_plan
from planner.config import read_toml
from planner.data.case import Case
from planner.errors import InputError, did_you_mean, file_words
from planner.finance.project_facts import CASE_MARKET
from planner.reporting.forms.investment_workbook import write_business_case
from planner.reporting.forms.workbook import write_workbook
from planner.reporting.pages.business_case import (
    business_case_page,
    side_by_side,
    statements,
    write_business_case_pdf,
)
from planner.results.business_case import PLAN, Basis, BusinessCase, Removal
from planner.results.plan import Plan
from planner.results.store import file_name, fingerprint, refresh_pages
from planner.solving.goals import Progress, silent

REMOVALS = "removals.json"
INVESTMENT = ("contracts", "prices", "finance", "byproducts", "studies")
REMOVAL_BY_PLANTS = TypeAdapter(dict[str, Removal])


def business_case_into(
    run: Path,
    projects: Sequence[str],
    *,
    basis: Basis = PLAN,
    market: str = CASE_MARKET,
    terms: Mapping[str, float] | None = None,
    feeds: Mapping[str, Mapping[str, float]] | None = None,
    tables: Path | None = None,
    worth: bool = False,
    progress: Progress = silent,
) -> tuple[Plan, BusinessCase, list[str]]:
    """`business_case` of plants in a run folder, and write its page, its workbook and, with the extra `pdf`, its PDF there.

    basis: volumes that support and debt are sized on. feeds: what plants are assigned to take in, by share.
    tables: a TOML file with rows of `contracts`, `prices`, `finance`, `byproducts` or `studies` that replace those of the
    case.
    worth: what the alliance loses without the plants is solved for, once, and kept in removals.json. The files are named by
    the plants and by what is otherwise than the case states. Returns the plan, the case, and the files; one that
    somebody changed is refused, not replaced. Raises InputError, RunFolderError.
    """
    plan = stored_plan(run, progress)
    if tables is not None:
        plan = replace(plan, case=_with_tables(plan.case, tables))
    belongs_to = fingerprint(run)
    kept = _kept_removals(run, belongs_to)
    key = "+".join(sorted(projects))
    known = kept.get(key)
    found = business_case(
        plan,
        projects,
        basis=basis,
        market=market,
        terms=terms,
        feeds=feeds,
        removal=known,
        worth=worth,
        name=file_words(run.name),
        progress=progress,
    )
    if found.removal is not None and known is None:
        kept[key] = found.removal
    stem = found.file_stem() if tables is None else f"{found.file_stem()}-{tables.stem}"
    files: list[str] = []

    def fill(target: Path) -> None:
        written = _write_forms(found, plan.case, target, file_name(stem))
        files.extend(str(run / name) for name in written)
        if kept:
            removals = {plants: asdict(removal) for plants, removal in kept.items()}
            text = json.dumps({"run_sha256": belongs_to, "removals": removals}, indent=2)
            (target / REMOVALS).write_text(f"{text}\n", encoding="utf-8", newline="\n")

    progress("writing the investment case")
    refresh_pages(run, fill, belongs_to)
    return plan, found, files


def side_by_side_into(
    run: Path,
    projects: Sequence[str],
    files: Sequence[Path],
    *,
    basis: Basis = PLAN,
    market: str = CASE_MARKET,
    terms: Mapping[str, float] | None = None,
    progress: Progress = silent,
) -> tuple[dict[str, BusinessCase], list[str]]:
    """Variants of an investment case of a run folder on one page and in one workbook, written there.

    files: TOML files of terms and their values, one a variant; the first variant is without them. terms: hold in all.
    Returns the variants by name and the files written. Raises InputError, RunFolderError.
    """
    plan = stored_plan(run, progress)
    variants = {"as stated": dict(terms or {})}
    for path in files:
        variants[path.stem] = {**(terms or {}), **_terms_in(path)}
    cases = {}
    for name, changed in variants.items():
        progress(name)
        cases[name] = business_case(plan, projects, basis=basis, market=market, terms=changed)
    page, chapter = side_by_side(cases, plan.case)
    stem = file_name("-".join(["project", *projects, *(path.stem for path in files)]))
    written = [f"{stem}.html", f"{stem}.xlsx"]

    def fill(target: Path) -> None:
        (target / written[0]).write_text(page, encoding="utf-8", newline="\n")
        write_workbook(target / written[1], ", ".join(projects), "MUSD", [chapter])

    refresh_pages(run, fill, fingerprint(run))
    return cases, [str(run / name) for name in written]


def _terms_in(path: Path) -> dict[str, float]:
    """Terms of a TOML file. Raises InputError for what is no number."""
    read = read_toml(path, "file of terms")
    faults = []
    terms = {}
    for name, value in read.values.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            terms[name] = float(value)
        else:
            faults.append(read.fault("not-a-number", [name], "is not a number"))
    if faults:
        raise InputError(faults)
    return terms


def _write_forms(found: BusinessCase, case: Case, target: Path, stem: str) -> list[str]:
    """Write an investment case as page, workbook and, with the extra `pdf`, PDF into a folder; their names."""
    page, workbook, printed = f"{stem}.html", f"{stem}.xlsx", f"{stem}.pdf"
    text = business_case_page(found, case, workbook)
    (target / page).write_text(text, encoding="utf-8", newline="\n")
    write_business_case(found, case, target / workbook, statements(found, case))
    is_printed = write_business_case_pdf(found, case, target / printed, workbook)
    return [page, workbook, printed] if is_printed else [page, workbook]


def _with_tables(case: Case, path: Path) -> Case:
    """The case with tables of a TOML file instead of its own."""
    read = read_toml(path, "investment case")
    faults = []
    for name, rows in read.values.items():
        if name not in INVESTMENT or not _is_table(rows):
            said = f"is no table of an investment case{did_you_mean(name, INVESTMENT)}"
            faults.append(read.fault("unknown-key", [name], said))
    if faults:
        raise InputError(faults)
    for name, rows in read.values.items():
        case = case.with_table(name, pd.DataFrame(rows, dtype=object))
    return case


def _is_table(rows: object) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _kept_removals(run: Path, belongs_to: str) -> dict[str, Removal]:
    """Removals that were solved for in this run, by plants."""
    try:
        kept = json.loads((run / REMOVALS).read_text(encoding="utf-8"))
        if kept["run_sha256"] != belongs_to:
            return {}
        return REMOVAL_BY_PLANTS.validate_python(kept["removals"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
