"""More means, more levers, more freedom, more sharing: the least risk never rises."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from planner.config import LEVERS
from planner.data.schema import TABLES
from tests.cases import LONG, read_rows
from tests.properties.random_cases import Change, Rows, few, seeds, times, world

SLACK = 1e-6


def not_above(lower: float, upper: float) -> bool:
    """lower <= upper, up to the tolerance of two solves."""
    return lower <= upper + SLACK * (1 + upper)


@few
@given(seeds)
def test_another_lever_never_raises_the_least_risk(seed: int) -> None:
    with world(seed) as base:
        order = base.rng.sample(LEVERS, len(LEVERS))
        risks = [base.least_risk(levers=order[:count]) for count in (0, 2, 4, 6)]
        assert all(not_above(after, before) for before, after in pairwise(risks))


@few
@given(seeds)
def test_adaptive_is_never_worse_than_committed(seed: int) -> None:
    with world(seed) as base:
        risks = [base.least_risk(policy__investment=how) for how in ("committed", "adaptive")]
        assert not_above(risks[1], risks[0])


@few
@given(seeds)
def test_wider_coordination_is_never_worse(seed: int) -> None:
    with world(seed) as base:
        national, blocs, allied = (
            base.least_risk(policy__coordination=how) for how in ("national", "blocs", "allied")
        )
        assert not_above(blocs, national)
        assert not_above(allied, blocs)


@few
@given(seeds)
def test_carrying_over_and_lending_never_hurt(seed: int) -> None:
    with world(seed) as base:
        assert not_above(
            base.least_risk(policy__budget_carry_over=True),
            base.least_risk(policy__budget_carry_over=False),
        )
        assert not_above(
            base.least_risk(policy__secondment_share=0.5),
            base.least_risk(policy__secondment_share=0.0),
        )


def total(rows: Rows) -> dict[str, float]:
    """Feed -> sum of its shares."""
    return {
        row["feed"]: sum(float(r["share"]) for r in rows if r["feed"] == row["feed"])
        for row in rows
    }


MORE: dict[str, tuple[str, Change]] = {
    "stock": ("stockpiles", times(2, "initial_t", "max_t")),
    "cheaper stock": ("stockpiles", times(0.5, "purchase_usd_per_kg")),
    "seats": ("training", times(2, "seats", "max_new_seats")),
    "staff": ("workforce", times(2, "initial", "hires_per_year")),
    "fewer needed": ("staffing", times(0.5, "persons_per_ktpa")),
    "imports": ("imports", times(1.5, "tonnes")),
    "milder steps": ("loss_tiers", times(0.5, "loss_usd_per_kg")),
    "plants": ("projects", times(1.5, "existing_tpa", "max_new_tpa")),
    "cheaper plants": ("projects", times(0.5, "capex_usd_per_tpa", "variable_opex_usd_per_t")),
    "weaker cuts": (
        "shocks",
        lambda rows: [r | {"leak": "1"} if r["kind"] == "import" else r for r in rows],
    ),
    "no delays": (
        "shocks",
        lambda rows: [r | {"factor": "0"} if r["kind"] == "delay" else r for r in rows],
    ),
    "less at stake": ("countries", times(0.5, "weight")),
    "cheaper countries": ("countries", times(0.5, "cost_index")),
    "less loss": ("elements", times(0.5, "loss_usd_per_kg")),
    "less demand": ("demand", times(0.5, "tonnes")),
    "richer feeds": (
        "feeds",
        lambda rows: times(1 / max(total(rows).values(), default=1.0), "share")(rows),
    ),
    "better recovery": ("recoveries", lambda rows: [r | {"recovery": "1"} for r in rows]),
    "all recovered": ("projects", lambda rows: [r | {"recovery": "1"} for r in rows]),
    "no ramps": ("ramps", lambda rows: [r | {"share": "1"} for r in rows]),
    "staff stays": ("skills", times(0.5, "attrition")),
    "more trainees each": ("skills", times(2, "mentor_ratio")),
    "pays everywhere": ("funders", lambda rows: [r | {"countries": "*"} for r in rows]),
    "more money": ("budgets", times(2, "musd")),
}
"""What is more of something, by the table that holds it; none of it can raise the least risk."""
MORE_SCHEDULED: dict[str, Change] = {
    "full from first output": lambda rows: [
        r | {"output_share": "1"} if float(r["output_share"]) else r for r in rows
    ],
    "lower fixed cost": times(0.5, "cost_share"),
}
"""Changes of table `schedule`, which random cases have on request."""
WITHOUT_MORE = {"scenarios", "resale", "suppliers", "targets", "returns", "savings", "availability"}
"""Chances, of which there is no more; resale, which is put in place of what there is; names, aims and shares; and what
these random cases do not hold."""


def test_every_table_that_a_plan_follows_from_has_a_more() -> None:
    assert {table for table, _ in MORE.values()} | {"schedule"} | WITHOUT_MORE == {
        table.name for table in TABLES if table.solved
    }


@few
@given(seeds)
def test_more_of_anything_never_raises_the_least_risk(seed: int) -> None:
    with world(seed) as base:
        before = base.least_risk()
        names = set(MORE)
        if base.values["policy"].get("investment", "committed") != "committed":
            names.remove("no delays")  # by which a plan that answers may know a history sooner
        for name in base.rng.sample(sorted(names), len(names) if LONG else 4):
            table, change = MORE[name]
            assert not_above(base.changed(**{table: change}).least_risk(), before), name
        anyone = [
            {"country": row["country"], "share": "1"} for row in read_rows(base.folder, "countries")
        ]
        assert not_above(base.changed(resale=lambda _: anyone).least_risk(), before)


@few
@given(seeds)
def test_full_output_and_lower_fixed_cost_of_schedules_never_raise_the_least_risk(
    seed: int,
) -> None:
    with world(seed, scheduled=True) as base:
        before = base.least_risk()
        for name, change in MORE_SCHEDULED.items():
            assert not_above(base.changed(schedule=change).least_risk(), before), name


@few
@given(seeds)
def test_a_plan_is_never_worse_than_none_at_equal_or_more_cost(seed: int) -> None:
    with world(seed) as base:
        chosen: dict[str, object] = {
            "objective__goal": base.rng.choice(("risk", "risk", "welfare")),
            "objective__risk_slack": base.rng.choice((0.0, 0.05, 0.5)),
            "objective__risk_aversion": base.rng.choice((0.0, 0.5, 1.0)),
            "objective__tail": base.rng.choice((0.0, 0.5, 0.9)),
        }
        plan, nothing = base.figures(**chosen), base.figures(**chosen, levers=[])
        assert (
            not_above(plan["risk_musd"], nothing["risk_musd"])
            or plan["cost_musd"] < nothing["cost_musd"]
        ), chosen
