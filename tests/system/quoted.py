"""What inputs/allied-2026/README.md quotes of the tables of the case, of its run, and of studies of it.

`python -m tests.system.quoted reports/allied-2026-decision`, after `make demo`, writes the figures of the run that
tests/system/test_real_case.py holds the page to. `python -m tests.system.quoted` alone writes the tables of the page again,
each between its name in a comment and the next empty line.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import planner
from planner.data.case import Case

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "inputs" / "allied-2026"
REFERENCE = ROOT / "reports" / "reference"
STORED = REFERENCE / "allied-2026-decision"
FIGURES = STORED / "figures.json"
EXPLANATION = STORED / "explain.json"
STUDIES = REFERENCE / "studies"
SUMMARY = ("risk_musd", "cost_musd", "public_spend_musd")
MEASURES = {
    "risk_musd": "risk: half the mean, half the worst tenth",
    "expected_loss_musd": "expected loss",
    "cvar_musd": "mean of the worst tenth",
}
STATES = ("runs", "building", "financed", "study", "idea")
COVERED = ("dy", "tb", "y")


def figures(run: Path) -> dict[str, Any]:
    """The figures of an evaluated run that pages quote; money in MUSD."""
    summary, fresh, coverage = (
        json.loads((run / name).read_text(encoding="utf-8"))
        for name in ("summary.json", "evaluation.json", "coverage.json")
    )
    return {
        "summary": {
            "without_plan_musd": summary["without_plan"]["risk_musd"],
            "without_plan_cost_musd": summary["without_plan"]["cost_musd"],
            **{key: summary[key] for key in SUMMARY},
            "imports_musd": summary["cost_parts_musd"]["imports"],
            "bound_musd": summary["welfare_bound_musd"],
            "scenarios": summary["model"]["scenarios"],
            "rows": summary["model"]["rows"],
        },
        "utilisation": summary["utilisation"],
        "new_capacity_tpa": summary["new_capacity_tpa"],
        "purchases": scheduled(run),
        "cheques": cheques(run),
        "makers": makers(run),
        "fresh": {
            "futures": fresh["futures"],
            "plan": fresh["plan"]["policy"],
            "without_plan": fresh["without_plan"]["policy"],
            "difference": fresh["difference"]["policy"],
            "ranges": fresh.get("ranges"),
            "gap": fresh.get("optimality_gap"),
        },
        "coverage": {key: coverage[key] for key in ("n1", "n2")},
    }


def scheduled(run: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Element -> form -> year of delivery -> tonnes that a plan schedules of a stock, and under `musd` what they cost."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in read(run / "tables" / "purchases.csv"):
        of = found.setdefault(row["element"], {}).setdefault(row["form"], {"musd": 0.0})
        of[row["year"]] = of.get(row["year"], 0.0) + float(row["tonnes"])
        of["musd"] += float(row["musd"])
    return found


LARGE_MUSD = 5.0
"""Plants of less capital are not told one by one."""


def cheques(run: Path) -> dict[str, dict[str, float]]:
    """Plants of much capital -> year of the first decision, t/y, MUSD, and the share of what may run from its start on that is used: on
    average over the scenarios, and in those where it is least and most."""
    found: dict[str, dict[str, float]] = {}
    for row in read(run / "tables" / "investments.csv"):
        if row["stage"] != "saving" and float(row["capex_musd"]) >= LARGE_MUSD:
            year, size, cost = (float(row[key]) for key in ("year", "tpa", "capex_musd"))
            plant = found.setdefault(row["project"], {"year": year, "tpa": 0.0, "capex_musd": 0.0})
            plant["year"] = min(year, plant["year"])
            plant["tpa"] += size
            plant["capex_musd"] += cost
    odds = {
        row["scenario"]: float(row["probability"]) for row in read(run / "inputs" / "scenarios.csv")
    }
    usable: Counter[tuple[str, str]] = Counter()
    turned: Counter[tuple[str, str]] = Counter()
    for row in read(run / "tables" / "capacity.csv"):
        of = row["project"], row["scenario"]
        if row["project"] in found:
            usable[of] += float(row["usable_tpa"])
            turned[of] += float(row["throughput_t"])
    for project, told in found.items():
        used = {name: turned[project, name] / (usable[project, name] or 1.0) for name in odds}
        told["used"] = sum(odds[name] * share for name, share in used.items())
        told["least"], told["most"] = min(used.values()), max(used.values())
    return found


def makers(run: Path) -> dict[str, dict[str, float]]:
    """Country -> metal makers that a plan has at most, and the first year of so many."""
    found: dict[str, dict[str, float]] = {}
    for row in read(run / "tables" / "workforce.csv"):
        if row["skill"] == "metal_maker":
            staff, year = float(row["staff"]), float(row["year"])
            best = found.get(row["country"])
            if best is None or staff > best["most"] + 0.05:
                found[row["country"]] = {"most": staff, "year": year}
    return found


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a table of results."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as Markdown has it."""
    lines = []
    for line in (head, ["---"] * len(head), *rows):
        cells = [f"| {cell} " if cell != "" else "| " for cell in line]
        lines.append("".join(cells) + "|")
    return "\n".join(lines)


def money(value: float) -> str:
    """MUSD without decimals."""
    return f"{value:,.0f}"


def amount(value: float) -> str:
    """Tonnes: two digits at least."""
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.1f}"


def between(found: dict[str, float]) -> str:
    """A figure with its 95 %."""
    return f"{money(found['value'])} ({money(found['low'])} to {money(found['high'])})"


# ---- of the tables of the case --------------------------------------------------------------------------------------


def sold(case: Case, element: str, supplier: str, year: int = 2026) -> float:
    """Tonnes of an element that a supplier can sell to all allies together."""
    return sum(
        tonnes
        for (seller, _, of, _, when), tonnes in case.lookups.import_limit.items()
        if (seller, of, when) == (supplier, element, year)
    )


def used(case: Case, element: str, year: int = 2026) -> float:
    """Tonnes of an element that all allies use together."""
    return sum(t for (_, of, _, when), t in case.demand.items() if (of, when) == (element, year))


SOURCED = {
    "magnets loose": ("320 (247-424)", "59"),
    "in goods": ("272 (100-400)", "50"),
    "oxide, metal, strip and powder": ("230 (115-430)", "97 (62-153)"),
    "own scrap": ("20 (15-25) of both", ""),
    "sum": ("842", "211"),
    "use": ("780 (620-956)", "179"),
}
"""What decisive facts have for each flow of dysprosium and terbium (DC22-DC44)."""
SCRAP = {"dy": 15.0, "tb": 5.0}
"""Tonnes that Japanese recyclers give; the facts tell both together."""


def balance(case: Case) -> str:
    """Use, and where it comes from, in 2026."""
    flows = {
        "magnets loose": "chn_magnet",
        "in goods": "chn_goods",
        "oxide, metal, strip and powder": "chn",
    }
    found = {
        name: {of: sold(case, of, supplier) for of in SCRAP} for name, supplier in flows.items()
    }
    found["own scrap"] = SCRAP
    found["sum"] = {of: sum(flow[of] for flow in found.values()) for of in SCRAP}
    found["use"] = {of: used(case, of) for of in SCRAP}
    rows = [
        [
            name,
            *(
                cell
                for of, told in zip(SCRAP, SOURCED[name], strict=True)
                for cell in (amount(flow[of]), told)
            ),
        ]
        for name, flow in found.items()
    ]
    return table(["t of oxide, 2026", "Dy here", "Dy, sources", "Tb here", "Tb, sources"], rows)


def needed(case: Case, skill: str, country: str, year: int) -> float:
    """Persons of a skill that plants which exist or are financed need in a country at full load."""
    rates: dict[tuple[str, str], float] = {
        (row.project or row.stage, row.skill): row.persons_per_ktpa for row in case.tables.staffing
    }
    total = 0.0
    for name, row in case.projects.items():
        if row.country == country:
            rate = rates.get((name, skill), rates.get((row.stage, skill), 0.0))
            total += case.lookups.existing_tpa(name, year) / 1000 * rate
    return total


def people(case: Case) -> str:
    """Who is there, and whom the plants that run today and those that are financed need."""
    rows = []
    for skill in ("sx_master", "sx_operator", "metal_maker"):
        here = {c: row.initial for (c, of), row in case.lookups.workforce.items() if of == skill}
        cells = []
        for year in (2026, 2031):
            cells.append(sum(needed(case, skill, country, year) for country in here))
        short = [c for c in here if needed(case, skill, c, 2031) > here[c]]
        told = ", ".join(f"{c} {needed(case, skill, c, 2031):.1f} of {here[c]:g}" for c in short)
        name = case.lookups.skills[skill].name
        rows.append([name, f"{sum(here.values()):g}", *(f"{x:.0f}" for x in cells), told])
    head = [
        "skill",
        "there",
        "needed 2026",
        "needed 2031",
        "financed plants need more than there are",
    ]
    return table(head, rows)


def states(case: Case) -> str:
    """How many plants of each stage run, are built, financed, studied, or no more than an idea."""
    counted = Counter((case.projects[row.project].stage, row.status) for row in case.tables.owners)
    stages = ("mine", "separation", "metal", "magnet")
    rows = [[stage, *(counted[stage, state] for state in STATES)] for stage in stages]
    return table(["plants", *STATES], rows)


LINES = (
    "lynas_circuit_1", "lynas_hre_1", "eneabba_refinery_1", "caremag_1", "white_mesa_1a", "mp_heavy_1", "src_1",
    "ucore_louisiana", "vinton",
)  # fmt: skip


def lines(case: Case) -> str:
    """The heavy separation lines that are spoken of: whose, what state, when."""
    owners = {row.project: row for row in case.tables.owners}
    rows = []
    for name in LINES:
        row = owners[name]
        rows.append(
            [
                case.projects[name].name,
                row.owner,
                row.status,
                row.announced or "",
                row.expected or "",
            ]
        )
    return table(["line", "owner", "state", "announced", "by the record"], rows)


def doubts(case: Case, found: dict[str, Any]) -> str:
    """The figures that may be off, those first that move most: what is tried, what comes of it, and whom to ask."""
    first = {row.uncertainty: row for row in reversed(case.tables.uncertainties)}
    asked = {row.name: row for row in reversed(list(first.values()))}
    trials = {one["input"]: one["tried"] for one in found["influences"]}
    lost = {
        (claim["lever"], trial["input"], trial["setting"]): trial["share"]
        for claim in found["claims"]
        if claim["basis"] == "missing"
        for trial in claim["trials"]
    }
    rows = []
    for name in sorted(asked, key=[*trials, *asked].index):
        ends = [end["setting"] for end in trials.get(name, [])]
        cells = [to_and_fro([money(end["objective"]) for end in trials.get(name, [])])]
        for lever in TURNED:
            cells.append(to_and_fro([percent(lost[lever, name, end]) for end in ends]))
        row = asked[name]
        rows.append([row.name, f"x {row.low:g} to {row.high:g}", *cells, row.ask])
    shares = [f"lost without {name}, %" for name in TURNED.values()]
    return table(["what may be off", "tried", "cost plus risk, MUSD", *shares, "to be asked"], rows)


TURNED = {"metal": "new metal", "mine": "mines", "people": "training and hiring"}
"""The levers of which the table of doubts tells what is lost without them."""


def to_and_fro(ends: Sequence[str]) -> str:
    """What comes of the lower and of the higher factor; nothing where it was not tried."""
    return ", ".join(ends)


# ---- of the run ------------------------------------------------------------------------------------------------------


def headline(found: dict[str, Any]) -> str:
    """Out of sample: with the plan, without, and what it takes off."""
    fresh = found["fresh"]
    sides = ("without_plan", "plan", "difference")
    rows = [
        [name, *(between(fresh[side][key]) for side in sides)] for key, name in MEASURES.items()
    ]
    ranges = {
        "risk by the best and the worst odds within their bounds": fresh["ranges"]["odds"],
        "risk with every loss per kg at the low and at the high end": fresh["ranges"]["losses"],
    }
    for name, ends in ranges.items():
        rows.append([name, "", f"{money(ends['low'])} to {money(ends['high'])}", ""])
    gap = fresh.get("gap")
    if gap is not None:
        name = f"cost and risk beyond the best plan of plants of any size, {gap['replications']} samples"
        told = f"{money(gap['value'])}, with 95 % at most {money(gap['high'])}"
        rows.append([name, "", told, ""])
    head = f"MUSD, {fresh['futures']} fresh scenarios (95 %)"
    return table([head, "without a plan", "with the plan", "less"], rows)


def in_sample(found: dict[str, Any]) -> str:
    """What the plan costs and leaves in the scenarios for which it was made."""
    s = found["summary"]
    rows = [
        ["nothing", money(s["without_plan_musd"]), money(s["without_plan_cost_musd"]), ""],
        ["the plan", *(money(s[key]) for key in ("risk_musd", "cost_musd", "imports_musd"))],
    ]
    head = f"in the {s['scenarios']} scenarios of `make demo`"
    return table([head, "risk, MUSD", "cost, MUSD", "of it imports"], rows)


def built(case: Case, found: dict[str, Any]) -> str:
    """What the plan builds, by stage: t/y of each plant, and how many of those that could be built."""
    rows = []
    for stage in ("mine", "separation", "metal", "magnet", "saving"):
        possible = [p for p, row in case.projects.items() if row.stage == stage and row.max_new_tpa]
        sizes = {p: found["new_capacity_tpa"].get(p, 0.0) for p in possible}
        chosen = sorted((p for p in possible if sizes[p] >= 0.05), key=lambda p: -sizes[p])
        if stage == "saving":
            told = f"{amount(sum(sizes.values()))} t/y in all"
        else:
            told = ", ".join(f"{case.projects[p].name} {amount(sizes[p])}" for p in chosen)
        rows.append([stage, f"{len(chosen)} of {len(possible)}", told])
    return table(["stage", "built", "t/y"], rows)


def written_cheques(case: Case, found: dict[str, Any]) -> str:
    """The large sums of the plan: whose plant it would be, what the public pays, and how much of it is used."""
    state = {row.project: row for row in case.tables.owners}
    rows = []
    for project, told in sorted(found["cheques"].items(), key=lambda one: -one[1]["capex_musd"]):
        row = case.projects[project]
        used = f"{percent(told['used'])} ({percent(told['least'])} to {percent(told['most'])})"
        first = f"{told['year'] + row.lead_time_years:.0f}"
        cells = [state[project].owner, state[project].status, money(told["tpa"]), first]
        public = money(told["capex_musd"] * row.public_share)
        rows.append([row.name, *cells, money(told["capex_musd"]), public, used])
    head = ["plant", "owner", "state", "t/y", "first output", "capital, MUSD", "of it public"]
    return table([*head, "used of what may run, %"], rows)


def bought(case: Case, found: dict[str, Any]) -> str:
    """The stock that the plan schedules: of each element and form how much, in which years, for how much money."""
    rows = []
    for element, forms in found["purchases"].items():
        for form, by_year in forms.items():
            years = {int(year): t for year, t in by_year.items() if year != "musd"}
            most = max(years, key=lambda year: years[year])
            told = f"{min(years)}-{max(years)}, {amount(years[most])} in {most}"
            name = f"{case.elements[element].name}, {form}"
            offered = sum(
                row.purchase_t_per_year or 0.0
                for (_, of, kind), row in case.lookups.stockpiles.items()
                if (of, kind) == (element, form)
            )
            cells = [amount(sum(years.values())), told, amount(offered), money(by_year["musd"])]
            rows.append([name, *cells])
    return table(["stock scheduled", "t", "delivered", "on offer in a year, t", "MUSD"], rows)


CREW = 20
"""Metal makers of a shop, round the clock, whatever its tonnes."""
COMES = 0.5
"""The share that comes of what is financed."""


def crews(case: Case, found: dict[str, Any]) -> str:
    """Where the plan builds metal shops: the makers of today, whom whole crews need beside what runs and comes, and the most there are."""
    shops: Counter[str] = Counter()
    for name, tonnes in found["new_capacity_tpa"].items():
        row = case.projects[name]
        if row.stage == "metal" and tonnes >= 0.05:
            shops[row.country] += round(tonnes / (row.unit_tpa or tonnes))
    rows = []
    for country, number in sorted(shops.items(), key=lambda one: -one[1]):
        runs = needed(case, "metal_maker", country, 2026)
        financed = needed(case, "metal_maker", country, 2031) - runs
        today = case.lookups.workforce[country, "metal_maker"].initial
        there = found["makers"][country]
        cells = [f"{today:g}", f"{CREW * number} + {runs + COMES * financed:.1f}"]
        rows.append([country, number, *cells, f"{there['most']:.1f} ({there['year']:.0f})"])
    head = ["metal makers", "new shops", "today", "whole crews, and of what stands or comes"]
    return table([*head, "in the plan, at most"], rows)


def covered(found: dict[str, Any]) -> str:
    """Share of use that a calm year can serve without China, and without the next one as well."""
    years = list(found["coverage"]["n1"])
    rows = []
    for of in COVERED:
        for key, words in (("n1", "without China"), ("n2", "and the worst ally or plant too")):
            shares = [f"{100 * found['coverage'][key][year][of]['share']:.0f} %" for year in years]
            rows.append([f"{of.capitalize()}, {words}", *shares])
    return table(["share of use served, with the plan", *years], rows)


# ---- of its explanation ------------------------------------------------------------------------------------------------


INSTEAD = {
    "nothing": "nothing",
    "thrift": "using less alone",
    "stock": "stock alone",
    "stock_and_thrift": "using less and stock",
    "no_new_mines": "no new mine",
    "no_new_separation": "no new separation",
    "no_new_metal": "no new metal",
    "later": "nothing before 2029",
    "national": "each country alone",
    "own_money": "funders pay at home alone",
    "equal_rates": "losses discounted at 5 % too",
    "linear": "plants of any size",
    "plan": "the plan",
}
"""What an explanation calls an alternative, in the words of the page."""


def alternatives(found: dict[str, Any]) -> str:
    """What could be done in place of the plan, each solved by itself."""
    known = {one["key"]: one for one in found["alternatives"]}
    rows = []
    for key, words in INSTEAD.items():
        if key in known:
            figures = (known[key][figure] for figure in ("risk", "cost", "objective"))
            rows.append([words, *map(money, figures)])
    return table(["instead", "risk left, MUSD", "cost, MUSD", "together"], rows)


MISSED_MUSD = 20.0
"""A plant that adds less to cost plus risk where it is dropped is not told by itself."""


def dropped(case: Case, found: dict[str, Any]) -> str:
    """The plants that are missed most, each dropped by itself."""
    rows = []
    for one in found["droppings"]:
        if one["adds"] >= MISSED_MUSD:
            name = case.projects[one["project"]].name
            rows.append([name, *(money(one[key]) for key in ("adds", "risk", "cost", "capital"))])
    head = ["plant dropped", "more cost plus risk, MUSD", "risk", "cost", "its capital"]
    return table(head, rows)


def percent(share: float) -> str:
    """A share in per cent; nothing is not less than nothing."""
    return f"{round(100 * share, 1) + 0.0:.1f}"


def levers(found: dict[str, Any]) -> str:
    """What each lever takes off cost plus risk if it is pulled alone, and what is lost where it alone is missing."""
    values = found["values"]
    whole = values["nothing"] - values["everything"]
    missing = {one["name"]: one for one in found["claims"] if one["basis"] == "missing"}
    rows = []
    for lever in sorted(values["levers"], key=lambda one: -float(one["last_out"])):
        lost = float(lever["last_out"])
        claim = missing[lever["name"]]
        between = f"{percent(claim['low'])} to {percent(claim['high'])} %"
        cells = [money(lever["first_in"]), money(lost), f"{100 * lost / whole:.1f} %", between]
        rows.append([lever["name"], *cells, claim["verdict"]])
    head = ["lever", "alone takes off, MUSD", "lost without it, MUSD", "of what all take off"]
    return table([*head, "with the doubts tried", "verdict"], rows)


# ---- of studies ------------------------------------------------------------------------------------------------------


def as_told(cell: str) -> str:
    """A cell of a study: money without decimals, words as they are."""
    return money(float(cell)) if re.fullmatch(r"-?\d+(\.\d+)?", cell) else cell


def study(name: str) -> str:
    """The rows of a study as a table."""
    rows = read(STUDIES / name)
    return table(list(rows[0]), [[as_told(cell) for cell in row.values()] for row in rows])


def blocks(case: Case) -> dict[str, str]:
    """Every table of the page that is made, by the name that stands above it."""
    found, explained = (json.loads(path.read_text("utf-8")) for path in (FIGURES, EXPLANATION))
    return {
        "balance": balance(case),
        "states": states(case),
        "lines": lines(case),
        "people": people(case),
        "doubts": doubts(case, explained),
        "headline": headline(found),
        "in sample": in_sample(found),
        "built": built(case, found),
        "cheques": written_cheques(case, found),
        "bought": bought(case, found),
        "crews": crews(case, found),
        "covered": covered(found),
        "third reader": study("third-reader.csv"),
        "second reader": study("second-reader.csv"),
        "changes": study("first-edition.csv"),
        "alternatives": alternatives(explained),
        "levers": levers(explained),
        "dropped": dropped(case, explained),
    }


def written(page: str, made: dict[str, str]) -> str:
    """A page with the tables put in their places."""
    for name, text in made.items():
        mark = f"<!-- {name} -->\n\n"
        before, found, after = page.partition(mark)
        if not found:
            raise ValueError(f"the page has no place for {name}")
        if after.startswith("|"):
            after = after.partition("\n\n")[2]
        page = f"{before}{mark}{text}\n\n{after}"
    return page


if __name__ == "__main__":
    if sys.argv[1:]:
        known = figures(Path(sys.argv[1]))
        FIGURES.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    page = FOLDER / "README.md"
    tables = blocks(planner.load(FOLDER))
    page.write_text(written(page.read_text(encoding="utf-8"), tables), encoding="utf-8")
