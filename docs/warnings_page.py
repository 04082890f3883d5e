"""The page of the site that lists what `planner check` may say: warnings, then faults."""

from __future__ import annotations

from collections.abc import Mapping

from planner.errors import RULES, Rule

HEAD = """# What warnings mean

`planner check` and `planner solve` tell two kinds of things about a case. A **warning** is a question: the case is solved as it is, and the
figure is probably not what you meant. A **fault** ends the command with exit code 2, and nothing is solved before it is gone. Each line
names file, line, column, what is wrong and what to do.

A warning that you have looked at is silenced by its name: `planner check work/inputs/starter --ignore unused`. In Python `case.warnings` is
the list as a table, and `planner.load` warns once (`planner.CaseWarning`) where there is any.

Each line below says what the planner expects; then what to do where it is not so.
"""


def warnings_page() -> str:
    """Markdown: every rule that inputs are held to, from the table of rules."""
    parts = [HEAD, "## Warnings\n", _listed(RULES["warnings"])]
    parts += ["## Faults of a case\n", _listed(RULES["faults"])]
    parts += ["## Faults of a study file\n", _listed(RULES["study"])]
    return "\n".join(parts)


def _listed(rules: Mapping[str, Rule]) -> str:
    lines = [
        f"- **`{name}`**: {rule.says}. {_sentence(rule.remedy)}" for name, rule in rules.items()
    ]
    return "\n".join([*lines, ""])


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
