"""What the plan becomes when an unsure input stands at an end of its range."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from planner.data.case import Case
from planner.explain.builds import Build, capital_by_stage, decision_nodes, expected_tpa, is_built, of_decisions
from planner.explain.counterfactuals import Answer, Desk, Question
from planner.explain.influence import asked
from planner.results.explanation import Influence, Moved


def moves(
    desk: Desk,
    leaning: Sequence[Influence],
    own: Sequence[Build],
    risk: float,
    cost: float,
    ask: Callable[[Iterable[Question]], Mapping[str, Answer]],
) -> list[Moved]:
    """The plan as given, then the cheapest plan of least risk with each of these inputs at each end.

    own: what the plan as given builds; risk, cost: its least risk and its cost (MUSD).
    """
    ends = {doubt.name: (doubt, found) for doubt, found in asked(desk)}
    slack = desk.case.model.objective.risk_slack
    wanted = [
        (ends[lean.input][0], factor, replace(question, key=f"plan:{question.key}", slack=slack, with_cost=True))
        for lean in leaning
        for factor, question in ends[lean.input][1]
    ]
    found = ask(question for *_, question in wanted)
    out = [_moved(desk.case, "", "as given", risk, cost, own)]
    for doubt, factor, question in wanted:
        answer = found[question.key]
        builds = of_decisions(decision_nodes(doubt.vary(desk.case, factor)), answer.decisions)
        out.append(_moved(desk.case, doubt.name, f"× {factor:g}", answer.least_risk, answer.cost or 0.0, builds))
    return out


def _moved(case: Case, name: str, setting: str, risk: float, cost: float, builds: Sequence[Build]) -> Moved:
    built = {p: tpa for p, tpa in sorted(expected_tpa(builds).items()) if is_built(case, p, tpa)}
    return Moved(name, setting, risk, cost, capital_by_stage(case, builds), built)
