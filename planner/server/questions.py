"""What the questions on the left of the page are about: how it stands, and how it is in the case. Words are in the
templates."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import inf
from typing import Any

from planner.config import LEVERS
from planner.data.case import Case
from planner.data.cells import text_of
from planner.data.chances import family, happenings
from planner.reporting.values.wording import STAGES_MANY, Names, headline, span
from planner.server.desk import Desk
from planner.server.edits import stands_from

GROUP_OF = {
    "money": "Money", "goal": "Appetite", "objective": "Appetite", "policy": "Allies", "joins": "Allies",
    "levers": "Levers", "plant": "Plants", "projects": "Plants", "depth": "Danger", "hazard": "Danger",
    "future": "Danger", "horizon": "Danger",
}  # fmt: skip
"""Where an edit is asked, by the head of its key."""
DRAWN = re.compile(r"(, draw \d+ of \d+)?(: .*)?$")
"""What the name of a draw has behind that of its future."""
LATER_STARTS = 6
"""Later first years that are offered."""


@dataclass(frozen=True)
class Chance:
    """Something that may happen: what it is called, its probability in the case, and now. The others make room for what
    is asked."""

    label: str
    before: float
    now: float


def words_of(desk: Desk) -> dict[str, Any]:
    """What a template needs to tell of an edit."""
    return {"names": Names(desk.base), "chances": chances(desk.base, desk.case), "levers": LEVERS}


def chances(base: Case, case: Case) -> dict[str, Chance]:
    """By the key of the edit that asks: hazards, the deepest cut first, then futures, each the likeliest first."""
    names, draws, found = Names(base), base.tables.draws, dict[str, Chance]()
    called = {family(base, w): DRAWN.sub("", n) if draws else n for w, n in reversed(names.scenario.items())}
    drawn: dict[str, list[Any]] = defaultdict(list)
    for row in draws:
        drawn[f"hazard.{row.hazard}"].append(row)
    for key, happens in happenings(base).items():
        label = called.get(name := key.partition(".")[2]) or headline(name)
        if rows := [row for row in drawn[key] if row.notes]:  # it may come twice under one name, in other years
            years = sorted(int(text_of(row.start)[:4]) for row in rows)
            label = f"{rows[0].notes}, begins {span(years[0], years[-1])}"
        before, now = (sum(one.scenarios.get(w, 0.0) for w in happens) for one in (base, case))
        found[key] = Chance(label, before, now)
    left = {key: min((row.factor for row in drawn[key]), default=inf) for key in found}
    return dict(sorted(found.items(), key=lambda one: (left[one[0]], -one[1].before)))


def questions(desk: Desk) -> dict[str, Any]:
    """All that is asked of a case."""
    base, case = desk.base, desk.case
    values = {edit.key: edit.value for edit in desk.record.edits}
    funders = dict.fromkeys(row.funder for row in base.tables.budgets)
    budgets = [
        {funder: sum(row.musd for row in one.tables.budgets if row.funder == funder) for funder in funders}
        for one in (base, case)
    ]
    plan = desk.solver.found.plan
    built = plan.summary["new_capacity_tpa"] if plan is not None else {}
    losses = plan.summary["loss_musd_by_country"] if plan is not None else {}
    plants: dict[str, list[Any]] = {stage: [] for stage in STAGES_MANY}
    for project, row in base.projects.items():
        if row.max_new_tpa > 0:
            plants[row.stage].append((project, row, built.get(project, 0.0), stands_from(base, row)))
    later = range(base.first_year + 1, min(base.first_year + LATER_STARTS, base.last_year + 1))
    shared = base.model.policy.coordination != "national" and "policy.coordination" not in values
    payers, joins = set(base.funder_party.values()), dict[str, list[tuple[object, str]]]()
    for party in dict.fromkeys(base.party.values()):
        late = [(year, f"joins in {year}") for year in later if party in payers]
        joins[party] = [(None, "joins from the start"), *late, *([("out", "stays out")] if shared else [])]
    return {
        **words_of(desk), "base": base, "case": case, "values": values, "edits": desk.record.edits,
        "apart": any(key.startswith("joins.") and value == "out" for key, value in values.items()),
        "late": any(key.startswith("joins.") and value != "out" for key, value in values.items()),
        "changed": Counter(GROUP_OF.get(key.partition(".")[0], "") for key in values), "budgets": budgets,
        "joins": {party: choices for party, choices in joins.items() if len(choices) > 1}, "plants": plants,
        "starts": [(year, str(year)) for year in (base.first_year, *later)], "prices": desk.prices,
        "cuts": any(row.kind == "import" and row.factor < 1 for row in base.tables.shocks),
        "waited": desk.solver.waited_for,
        "lessons": len(desk.record.steps) == 1, "largest": max(built, key=lambda p: built[p], default=""),
        "hit": base.party[max(losses, key=lambda c: losses[c]["expected"])] if len(losses) > 1 else "",
        "stage_names": STAGES_MANY,
    }  # fmt: skip
