"""What a user waits for, each figure held against its goal where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.changes import CHANGES
from benchmarks.clock import late
from benchmarks.profiles import GAP, STARTER_POINTS
from benchmarks.tables import Row, exponent
from benchmarks.tasks.start import STARTS
from benchmarks.tasks.workbench import Timed

Rows = dict[str, Row]
AGREE = 3e-6
"""Largest relative difference of objectives: the last phase may use what the cost is held with (1e-6, twice)."""
OTHER_WAYS = {
    "plain Pyomo": "plain-unreduced",
    "plain Pyomo with our reductions": "plain",
    "linopy": "linopy",
}
AT_LEAST = {"main/plain-unreduced": 4.0}
"""How many times our CPU another way is to take at the least, where a goal is set."""
ONE_BY_ONE = {100: 0.93, 1000: 6.4}
"""CPU of solving scenario by scenario in the edition before `planner solve` did so itself (`planner approximate`,
investments and bounds alone, gap 0.001), as multiples of plain Pyomo at 20 scenarios in the same run."""


@dataclass(frozen=True)
class Goal:
    """One line of the table: what, the target in words ('' where none is set), what was measured, whether it holds
    (None: that is not known, as where a run `waited` for others and the goal is one of seconds on the wall)."""

    what: str
    target: str
    measured: str
    holds: bool | None = None
    waited: bool = False

    @property
    def verdict(self) -> str:
        """In a word."""
        if not self.target:
            return ""
        open_question = "not judged: it waited for others" if self.waited else "not measured"
        return {True: "met", False: "missed", None: open_question}[self.holds]


def goals(rows: Rows) -> list[Goal]:
    """All lines: starts, 20 scenarios against other ways, the real case, many scenarios."""
    return [goal for part in PARTS for goal in part(rows)]


def _missing(rows: Rows, *labels: str) -> bool:
    return any(label not in rows or rows[label].failed for label in labels)


def _on_the_wall(row: Row, most: float) -> bool | None:
    """Whether it took at most so many seconds; None where it waited for others."""
    return None if row.waited else row.wall <= most


def _times(row: Row) -> str:
    return f"{row.wall:.1f} s wall, {row.cpu:.1f} s CPU"


def _start(rows: Rows) -> Iterator[Goal]:
    for name, (_, most) in STARTS.items():
        what, target = f"{name}, starter case", f"at most {most:g} s CPU"
        if _missing(rows, "start/starter"):
            yield Goal(what, target, "")
        else:
            cpu = rows["start/starter"].section(name)
            yield Goal(what, target, f"{cpu:.2f} s CPU", cpu <= most)


def _twenty(rows: Rows) -> Iterator[Goal]:
    yield _ratio(
        "20 scenarios, folder to report: plain Pyomo takes",
        rows,
        "many/20",
        "main/plain-unreduced",
        2.5,
    )
    yield from _other_ways(rows, "20 scenarios", "main")


def _today(rows: Rows) -> Iterator[Goal]:
    if not _missing(rows, "today/planner"):
        yield from _other_ways(rows, "today's real case", "today")


def _other_ways(rows: Rows, case: str, job: str) -> Iterator[Goal]:
    """What other ways to the same plan take, and how far their objectives are apart."""
    for name, way in OTHER_WAYS.items():
        if not _missing(rows, f"{job}/{way}"):
            what, ours = f"{case}, plan only: {name} takes", f"{job}/planner"
            yield _ratio(what, rows, ours, f"{job}/{way}", AT_LEAST.get(f"{job}/{way}", 0.0))
    objectives = [
        row.figure("objectives")
        for label, row in rows.items()
        if label.startswith(f"{job}/") and not row.failed and row.figure("status") == "optimal"
    ]
    if len(objectives) > 1:
        first = objectives[0]
        worst = max(
            abs(one[phase] - first[phase]) / (1 + abs(first[phase]))
            for one in objectives
            for phase in first
        )
        what = f"{case}: objectives by {len(objectives)} ways differ by"
        yield Goal(what, f"at most {AGREE:g}", f"{worst:.1e}", worst <= AGREE)


def _ratio(what: str, rows: Rows, ours: str, other: str, at_least: float = 0.0) -> Goal:
    target = f"at least {at_least:g} x our CPU" if at_least else ""
    if _missing(rows, ours, other):
        return Goal(what, target, rows[other].failed if other in rows else "")
    us, them = rows[ours], rows[other]
    more = "" if them.figure("status") == "optimal" else "more than "
    text = f"{more}{them.cpu / us.cpu:.2f} x CPU ({us.cpu:.1f} and {them.cpu:.1f} s)"
    return Goal(what, target, text, them.cpu >= at_least * us.cpu)


def _real(rows: Rows) -> Iterator[Goal]:
    if _missing(rows, "real/cold"):
        yield Goal("real case, `planner solve` from folder to pages", "at most 8 s wall", "")
    else:
        cold = rows["real/cold"]
        yield Goal(
            "real case, `planner solve` from folder to pages",
            "at most 8 s wall",
            _times(cold),
            _on_the_wall(cold, 8),
            cold.waited,
        )
    if not _missing(rows, "real/plan"):
        plan = rows["real/plan"]
        yield Goal("real case, `planner.solve` in a script, plan only", "", _times(plan))
        share = f"{plan.section('payments'):.2f} s CPU, {plan.section('payments') / plan.cpu:.0%} of the plan"
        yield Goal("real case, payments: who pays, and who may", "", share)
    yield from _warm(rows)
    yield from _workbench(rows)
    if _missing(rows, "real/explain", "real/cold"):
        yield Goal("real case, `planner explain`", "CPU of at most 5 cold solves", "")
    else:
        explain = rows["real/explain"]
        ratio = explain.cpu / rows["real/cold"].cpu
        text = f"{ratio:.1f} ({_times(explain)})"
        yield Goal("real case, `planner explain`", "CPU of at most 5 cold solves", text, ratio <= 5)
    if not _missing(rows, "real/whole plants"):
        whole = rows["real/whole plants"]
        text = f"{_times(whole)}, bounds {apart(whole):.2%} apart"
        holds = apart(whole) <= 0.01 and _on_the_wall(whole, 90)
        yield Goal(
            "real case, whole plants, plan only", "1 % in 90 s wall", text, holds, whole.waited
        )
    if not _missing(rows, "real/sweep", "real/plan"):
        sweep = rows["real/sweep"]
        share = sweep.cpu / (100 * rows["real/plan"].cpu)
        text = f"{share:.1%} ({_times(sweep)})"
        yield Goal(
            "real case, study of 100 sizes of budgets: of 100 cold plans",
            "at most 8 % CPU",
            text,
            share <= 0.08,
        )


def _studies(rows: Rows) -> Iterator[Goal]:
    what, target = "starter case, a point through `planner.Session`", "at most 7 ms CPU"
    if _missing(rows, STARTER_POINTS):
        yield Goal(what, target, "")
    else:
        row = rows[STARTER_POINTS]
        taken = 1000 * row.section("calls") / row.figure("calls")
        yield Goal(what, target, f"{taken:.1f} ms CPU", taken <= 7)
    what, target = (
        "real case, a plan with fixed decisions in scenarios: as one program they take",
        "at least 10 x CPU of one by one",
    )
    if _missing(rows, "real/evaluate"):
        yield Goal(what, target, "")
    else:
        row = rows["real/evaluate"]
        ratios = {
            s.split()[1]: row.section(s) / row.section(s.replace("together", "alone"))
            for s in row.runs[-1].figures
            if "together" in s
        }
        text = ", ".join(f"{ratio:.1f} x at {number}" for number, ratio in ratios.items())
        yield Goal(what, target, text, max(ratios.values()) >= 10)


def _warm(rows: Rows) -> Iterator[Goal]:
    figures, structural = "a figure changed", "structure changed"
    limits = {figures: 0.5, structural: 1.5}
    if _missing(rows, "real/warm"):
        for what, most in limits.items():
            yield Goal(f"real case, `planner.Session`, {what}", f"median at most {most:g} s", "")
        return
    warm = rows["real/warm"]
    taken = {name: warm.section(name, "wall") for name in CHANGES}
    for what, most in limits.items():
        found = {
            name: s for name, s in taken.items() if CHANGES[name].structural is (what == structural)
        }
        above = [name for name, s in found.items() if s > most]
        middle = median(found.values())
        text = f"{middle:.2f} s, {len(found) - len(above)} of {len(found)} within"
        if above:
            text += f"; not {', '.join(f'{name} ({found[name]:.1f})' for name in above)}"
        yield Goal(
            f"real case, `planner.Session`, {what}",
            f"median at most {most:g} s",
            text,
            middle <= most,
        )
    slowest = max(taken, key=lambda name: taken[name])
    text = f"{taken[slowest]:.2f} s ({slowest})"
    yield Goal(
        f"real case, slowest of {len(taken)} kinds of change",
        "at most 3 s",
        text,
        taken[slowest] <= 3,
    )
    apart = rows["real/same" if not _missing(rows, "real/same") else "real/warm"].figure("apart")
    if apart:
        worst = max(apart, key=lambda name: apart[name])
        what = f"risk and cost after {len(apart)} changes, warm against cold"
        yield Goal(what, "1e-7", f"{apart[worst]:.1e} ({worst})", apart[worst] <= 1e-7)


def _workbench(rows: Rows) -> Iterator[Goal]:
    """Wall seconds of the workbench on the real case as it is, and their share of its cold solve."""
    if _missing(rows, "real/workbench"):
        yield Goal(
            "real case as it is, workbench, a change", "figures in 1 s (half), 3 s (95 %)", ""
        )
        return
    row = rows["real/workbench"]
    cold = row.figure("cold")
    found = [Timed(*change) for change in row.figure("changes")]
    begun = [change.begun for change in found]
    figures = [change.figures for change in found]
    tables = [change.tables for change in found]
    for what, seconds, half, most in (
        ("from a change to its figures", figures, 1.0, 3.0),
        ("from a change to verified tables", tables, 2.0, 8.0),
        ("until a change that is replaced has ended", begun, 0.5, 0.5),
    ):
        middle, last = late(seconds, 0.5), late(seconds, 0.95)
        text = f"{middle:.2f} s, {last:.2f} s of {len(found)} changes ({middle / cold:.0%}, {last / cold:.0%} of cold)"
        target = f"half in {half:g} s, 95 % in {most:g} s"
        yield Goal(
            f"real case as it is, workbench, {what}", target, text, middle <= half and last <= most
        )
    memory = [change.memory for change in found]
    middle_of_run, end = memory[len(memory) // 2], memory[-1]
    yield Goal(
        f"real case as it is, workbench, memory after {len(found)} changes",
        "1 GB, flat over the last half",
        f"{end:,.0f} MB, {middle_of_run:,.0f} MB half way",
        end <= 1024 and end <= 1.05 * middle_of_run,
    )


def many(rows: Rows) -> dict[int, Row]:
    """Rows of `planner solve` by number of scenarios."""
    out = {
        int(label.split("/")[1]): row
        for label, row in rows.items()
        if label.startswith("many/") and not row.failed
    }
    return dict(sorted(out.items()))


def apart(row: Row) -> float:
    """How far the bounds of a run's objectives are from one another, relative; 0 where each optimum is proven."""
    return max((row.figure("gap") or {}).values(), default=0.0)


def _many(rows: Rows) -> Iterator[Goal]:
    found = many(rows)
    for count, before in ONE_BY_ONE.items():
        what, target = (
            f"{count:,} scenarios, `planner solve` with its pages",
            f"at most {1.3 * before:.1f} x plain Pyomo at 20",
        )
        if count not in found or _missing(rows, "main/plain-unreduced"):
            yield Goal(what, target, "")
            continue
        row, plain = found[count], rows["main/plain-unreduced"].cpu
        ratio = row.cpu / plain
        yield Goal(what, target, f"{ratio:.2f} x CPU ({_times(row)})", ratio <= 1.3 * before)
    for count in (n for n in (100, 1000) if n in found):
        row = found[count]
        yield Goal(
            f"{count:,} scenarios: bounds apart",
            f"at most {GAP:.1%}",
            f"{apart(row):.2%}",
            apart(row) <= GAP,
        )
        memory = row.peak_mb / 1024
        yield Goal(
            f"{count:,} scenarios: memory, all processes",
            "at most 4 GB",
            f"{memory:.1f} GB",
            memory <= 4,
        )
    for clock, slope in exponents(rows).items():
        what = f"`planner solve`, time against scenarios ({', '.join(map(str, found))}): exponent, {clock}"
        yield Goal(what, "at most 1.1", f"{slope:.2f}", slope <= 1.1)


def curves(rows: Rows) -> dict[str, dict[int, float]]:
    """Seconds of `planner solve` by number of scenarios, wall and CPU; nothing below three sizes."""
    found = many(rows)
    if len(found) < 3:
        return {}
    curves = {"CPU": {n: row.cpu for n, row in found.items()}}
    if not any(row.waited for row in found.values()):
        curves["wall"] = {n: row.wall for n, row in found.items()}
    return curves


def exponents(rows: Rows) -> dict[str, float]:
    """Exponent of each curve."""
    return {
        name: exponent([float(n) for n in curve], list(curve.values()))
        for name, curve in curves(rows).items()
    }


PARTS: tuple[Callable[[Rows], Iterator[Goal]], ...] = (
    _start,
    _twenty,
    _today,
    _real,
    _studies,
    _many,
)
