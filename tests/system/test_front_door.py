"""The package and its commands: names on first use, nothing slow before its time, no code from the current folder."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import planner
from planner.cli import COMMANDS, app

ROOT = Path(__file__).parents[2]
SLOW = (
    "pandas",
    "pyomo",
    "highspy",
    "scipy",
    "altair",
    "pyarrow",
    "sklearn",
    "SALib",
    "distributed",
)


SCRIPT = """
import os, planner
from planner.parallel import ProcessWorkers
money = {{"name": "money", "change": "budgets.*.*.musd=x?", "values": [0.5, 1]}}
asked = {{"title": "t", "case": {case!r}, "outcomes": ["risk_musd"], "design": {{"kind": "grid"}},
         "uncertainties": [money]}}
if __name__ == "__main__":
    with ProcessWorkers() as processes:
        assert processes.submit(os.getpid).result() > 0
        planner.study(asked, {out!r}, workers=processes)
"""


def loaded(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after some code."""
    text = f"{code}\nimport sys\nprint('modules:', *{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(run.stdout.rpartition("modules:")[2].split())


@pytest.mark.parametrize(
    "code",
    [
        "import planner",
        "from planner.cli import app\ntry: app(['--help'])\nexcept SystemExit: pass",
    ],
)
def test_nothing_slow_is_loaded_before_it_is_needed(code: str) -> None:
    assert not loaded(code) & {*SLOW, "pydantic", "numpy", "rich"}


def test_a_case_is_loaded_without_tables_and_solver() -> None:
    assert not loaded("import planner; planner.load('inputs/starter')") & set(SLOW)


def test_solves_and_workers_load_neither_pyomo_nor_what_samples_and_analyses() -> None:
    """Each of a study's workers would spend a second on them."""
    rooms = "planner.cli.solve, planner.decomposition.subproblem, planner.studies.outcomes"
    slow = "{'pyomo', 'scipy.stats', 'SALib', 'sklearn', 'distributed'}"
    code = f"import sys, {rooms}\nassert not {slow} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(getattr(planner, name) is not None for name in planner.__all__)
    assert dir(planner) == planner.__all__
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(planner, "nonsense")  # noqa: B009


def test_every_public_name_has_a_type_for_checkers() -> None:
    """Names are loaded on first use; what a type checker knows is imported for it alone."""
    tree = ast.parse((ROOT / "planner" / "__init__.py").read_text(encoding="utf-8"))
    typed = [
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(name for name in typed if name) == planner.__all__


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    group = typer.main.get_command(app)
    context = typer.Context(group)
    for name, said in COMMANDS.items():
        command = group.get_command(context, name)  # type: ignore[attr-defined]
        assert command is not None and " ".join((command.help or "").split()).startswith(
            said.split(":")[0]
        ), name


def test_the_package_runs_as_the_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "planner", "check", "inputs/starter"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0 and run.stdout.startswith("starter: no faults"), run.stderr


def helps(command: typer.core.TyperCommand | typer.core.TyperGroup, name: str) -> dict[str, str]:
    """Command -> its help text, with all that it holds."""
    context = typer.Context(command, info_name=name)
    texts = {name: command.get_help(context)}
    if isinstance(command, typer.core.TyperGroup):
        for part in command.list_commands(context):
            texts |= helps(command.get_command(context, part), f"{name} {part}")
    return texts


def test_help_texts_name_what_to_write_and_no_class() -> None:
    """`--workers N`, not the type of the argument."""
    texts = helps(typer.main.get_command(app), "planner")
    assert len(texts) > 18
    for name, text in texts.items():
        options = [
            line.split()[0:2] for line in text.splitlines() if line.lstrip().startswith("--")
        ]
        assert options, name
        for words in options:
            assert not words[-1].startswith("<") or "|" in words[-1], (name, words)
        assert not re.search(r"\w\.\.\.$", text, re.MULTILINE), name  # cut in the list of a group
        assert not re.search(r"[a-z][A-Z]\w+|\brange>", text), name


def test_no_process_takes_code_from_the_current_folder(tmp_path: Path) -> None:
    """A background process, and a worker of a study, started where files are called like modules that they import."""
    here, script = tmp_path / "here", tmp_path / "elsewhere" / "script.py"
    here.mkdir()
    script.parent.mkdir()
    for name in ("pickle", "pandas", "planner", "numpy"):
        (here / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'a').write('{name}')\nraise ImportError"
        )
    script.write_text(
        SCRIPT.format(case=str(ROOT / "inputs" / "starter"), out=str(tmp_path / "study"))
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, str(script)], cwd=here, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert not (tmp_path / "ran").exists()
