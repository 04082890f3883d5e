"""Plants, feeds and people of a generated case. Figures are of the order of the real case (inputs/allied-2026)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.generate import World

Rows = list[dict[str, Any]]
# Share of each element in TREO: light feeds (monazite) and heavy ones (clay, xenotime).
LIGHT = {
    "dy": 0.003,
    "tb": 0.001,
    "y": 0.012,
    "gd": 0.013,
    "sm": 0.025,
    "lu": 0.0001,
    "ho": 0.0006,
    "er": 0.0015,
}
HEAVY = {
    "dy": 0.035,
    "tb": 0.006,
    "y": 0.28,
    "gd": 0.045,
    "sm": 0.03,
    "lu": 0.003,
    "ho": 0.007,
    "er": 0.02,
}
RAMPS = {"slow": (0.3, 0.6, 0.85, 1.0), "quick": (0.6, 0.9, 1.0)}
# skill: attrition, mentor ratio, years of training, cost of a trainee
SKILLS: dict[str, tuple[float, float | None, int, float]] = {
    "operator": (0.12, 1.5, 1, 40000),
    "engineer": (0.07, None, 2, 90000),
    "miner": (0.08, None, 3, 120000),
    "maker": (0.09, 1.0, 2, 60000),
}
STAFFING = {
    "mine": {"miner": 6.0},
    "separation": {"operator": 16.0, "engineer": 5.0},
    "metal": {"maker": 90.0, "engineer": 15.0},
}


def industry(w: World) -> dict[str, Rows]:
    """Feeds, projects, ramps, recoveries, skills, workforce, training, staffing."""
    feeds = [f"feed_{i}" for i in range(max(3, w.size.projects // 6))]
    metal = round(0.2 * w.size.projects) if w.size.stages == 3 else 0
    mines = max(2, round(0.3 * w.size.projects))
    projects = [_mine(w, i, feeds) for i in range(mines)]
    projects += [_separation(w, i, feeds) for i in range(max(2, w.size.projects - mines - metal))]
    projects += [_metal(w, i) for i in range(metal)]
    return {
        "feeds": _feeds(w, feeds),
        "projects": projects,
        "recoveries": [
            {"project": row["project"], "element": e, "recovery": w.between(0.7, 0.92, 3)}
            for row in projects
            if row["stage"] == "separation" and w.random.random() < 0.3
            for e in w.elements[:2]
        ],
        "ramps": [
            {"ramp": name, "year_after_start": year, "share": share}
            for name, shares in RAMPS.items()
            for year, share in enumerate(shares)
        ],
        **_people(w, {row["stage"] for row in projects}),
    }


def _feeds(w: World, feeds: list[str]) -> Rows:
    rows = []
    for i, feed in enumerate(feeds):
        # Every second feed leans to the heavy end.
        lean = w.between(0.0, 0.15) if i % 2 else w.between(0.2, 1.0)
        for e in w.elements:
            share = (LIGHT[e] * (1 - lean) + HEAVY[e] * lean) * w.between(0.7, 1.3)
            rows.append({"feed": feed, "element": e, "share": round(share, 6)})
    return rows


def _new(w: World, lead: tuple[int, int], capex: tuple[float, float]) -> dict[str, Any]:
    cost = w.between(*capex, 0)
    return {
        "earliest_year": w.years[0] + 1 + int(w.random.integers(0, 3)),
        "lead_time_years": int(w.random.integers(lead[0], lead[1] + 1)),
        "ramp": str(w.random.choice(list(RAMPS))),
        "capex_usd_per_tpa": cost,
        "fixed_opex_usd_per_tpa": round(0.02 * cost, 1),
        "public_share": 0.5,
    }


def _existing(w: World, most: float) -> dict[str, Any]:
    online = w.years[0] + int(w.random.integers(-5, 4))
    return {"existing_tpa": round(most * w.between(0.2, 0.5), 1), "online_year": online}


def _row(w: World, project: str, stage: str, country: str, **columns: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        (
            "existing_tpa",
            "online_year",
            "max_new_tpa",
            "earliest_year",
            "lead_time_years",
            "ramp",
            "capex_usd_per_tpa",
            "fixed_opex_usd_per_tpa",
            "variable_opex_usd_per_t",
            "public_share",
            "feeds",
        ),
        "",
    )
    start = {
        "project": project,
        "name": project,
        "country": country,
        "stage": stage,
        "basis": "treo",
    }
    return {**start, **empty, "recovery": 1, **columns}


def _mine(w: World, i: int, feeds: list[str]) -> dict[str, Any]:
    country = w.countries[-1 - i % max(1, len(w.countries) - 1)]
    most = w.between(1500, 9000, -1)
    columns: dict[str, Any] = {
        "variable_opex_usd_per_t": w.between(500, 12000, 0),
        "feeds": feeds[i % len(feeds)],
    }
    if i % 5 == 0:
        columns |= _existing(w, most)
    else:
        columns |= {"max_new_tpa": most, **_new(w, (2, 4), (40000, 180000))}
    return _row(w, f"mine_{i:02d}", "mine", country, **columns)


def _separation(w: World, i: int, feeds: list[str]) -> dict[str, Any]:
    heavy = i % 3 == 0
    count = min(len(feeds), int(w.random.integers(2, 5)))
    accepted = sorted(w.random.choice(feeds, count, replace=False).tolist())
    most = w.between(400, 2000, -1) if heavy else w.between(2000, 7000, -1)
    columns: dict[str, Any] = {
        "basis": "heavy" if heavy else "treo",
        "variable_opex_usd_per_t": w.between(15000, 30000, 0)
        if heavy
        else w.between(2000, 9000, 0),
        "feeds": ";".join(accepted),
        "recovery": w.between(0.8, 0.95, 3),
    }
    if i % 6 == 0:
        columns |= _existing(w, most)
    if i % 6 or i % 4 == 0:
        columns |= {"max_new_tpa": most, **_new(w, (2, 4), (20000, 60000))}
    return _row(w, f"sep_{i:02d}", "separation", w.countries[i % len(w.countries)], **columns)


def _metal(w: World, i: int) -> dict[str, Any]:
    most = w.between(60, 300, 0)
    columns: dict[str, Any] = {
        "variable_opex_usd_per_t": w.between(20000, 60000, 0),
        "recovery": 0.95,
    }
    if i % 4 == 0:
        columns |= _existing(w, most)
    columns |= {"max_new_tpa": most, **_new(w, (1, 2), (30000, 90000))}
    return _row(w, f"metal_{i:02d}", "metal", w.users[i % len(w.users)], **columns)


def _people(w: World, stages: set[str]) -> dict[str, Rows]:
    needed = {skill for stage in stages for skill in STAFFING[stage]}
    skills = [skill for skill in SKILLS if skill in needed]
    rows: dict[str, Rows] = {"skills": [], "workforce": [], "training": [], "staffing": []}
    for skill in skills:
        attrition, mentors, duration, cost = SKILLS[skill]
        rows["skills"].append(
            {
                "skill": skill,
                "attrition": attrition,
                "mentor_ratio": "" if mentors is None else mentors,
            }
        )
        for c in w.countries:
            initial = w.between(8, 45, 0)
            rows["workforce"].append(
                {
                    "country": c,
                    "skill": skill,
                    "initial": initial,
                    "hires_per_year": round(0.1 * initial, 1),
                    "hire_cost_usd": round(1.5 * cost),
                }
            )
            rows["training"].append(
                {
                    "programme": f"{c}_{skill}",
                    "country": c,
                    "skill": skill,
                    "duration_years": duration,
                    "seats": round(attrition * initial / 0.9, 1),
                    "max_new_seats": w.between(5, 30, 0),
                    "cost_per_trainee_usd": cost,
                    "cost_per_seat_usd": cost,
                    "completion_rate": 0.9,
                }
            )
    rows["staffing"] = [
        {"stage": stage, "project": "", "skill": skill, "persons_per_ktpa": persons}
        for stage in sorted(stages)
        for skill, persons in STAFFING[stage].items()
    ]
    return rows
