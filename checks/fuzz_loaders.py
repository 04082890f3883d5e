"""Coverage-guided fuzzing of the loaders: whatever the bytes, a Case or an InputError, quickly and in little memory.

    pip install atheris
    python checks/fuzz_loaders.py FOLDER -max_total_time=900 -timeout=20 -rss_limit_mb=2048 -max_len=20000

FOLDER keeps what has been found between two runs.

The first byte says what the rest is: a CSV table, a model file, a study file, a file of a run folder, a whole workbook,
or one part of a workbook.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=[
        "planner.data",
        "planner.config",
        "planner.errors",
        "planner.results",
        "planner.studies",
        "csv",
        "tomllib",
    ]
):
    import planner
    from planner.data.schema import TABLES
    from planner.data.warnings import warnings_of
    from planner.errors import InputError, PlannerError
    from planner.results.folders import write_sums
    from planner.results.store import write_run
    from planner.studies.points import check_study
    from planner.studies.study_file import read_study

STARTER = Path(__file__).parents[1] / "inputs" / "starter"
ROOM = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))  # noqa: S108 - memory, for speed
CASE = Path(shutil.copytree(STARTER, ROOM / "case"))
NAMES = [table.name for table in TABLES]
MODELS, STUDIES, RUNS = 40, 50, 95
"""First bytes below which the rest is a model file, a study file, a file of a run folder; then workbooks."""


def skeleton() -> dict[str, bytes]:
    """The parts of a valid workbook."""
    from tests.faults.books import write_book  # noqa: PLC0415 - after the instrumented imports
    from tests.faults.conftest import read_text  # noqa: PLC0415

    with zipfile.ZipFile(write_book(read_text(STARTER), ROOM / "seed.xlsx")) as book:
        return {name: book.read(name) for name in book.namelist()}


def check(path: Path, **options: object) -> None:
    """Load; only an InputError may come, and it must be printable."""
    try:
        case = planner.load(path, **options)
    except InputError as error:
        assert error.faults and all(
            str(fault).strip() and fault.as_json() for fault in error.faults
        )
        return
    for warning in warnings_of(case):
        str(warning)


def one_input(data: bytes) -> None:
    """One run of the fuzzer."""
    if not data:
        return
    kind, rest = data[0], data[1:]
    if kind < len(NAMES):
        path = CASE / f"{NAMES[kind]}.csv"
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(rest)
        try:
            check(CASE)
        finally:
            path.unlink()
            if before is not None:
                path.write_bytes(before)
    elif kind < MODELS:
        (ROOM / "model.toml").write_bytes(rest)
        check(STARTER, model=ROOM / "model.toml")
    elif kind < STUDIES:
        (ROOM / "study.toml").write_bytes(rest)
        with suppress(InputError):
            check_study(read_study(ROOM / "study.toml"), TEACHING)
    elif kind < RUNS:
        changed_run(kind, rest)
    elif kind < 110:
        (ROOM / "case.xlsx").write_bytes(rest)
        check(ROOM / "case.xlsx")
    else:
        name = sorted(PARTS)[kind % len(PARTS)]
        with zipfile.ZipFile(ROOM / "case.xlsx", "w") as book:
            for part, content in PARTS.items():
                book.writestr(part, rest if part == name else content)
        check(ROOM / "case.xlsx")


def changed_run(kind: int, content: bytes) -> None:
    """A run folder with one file of another content and digests that fit: read, or refused with a sentence."""
    path = RUN_FILES[kind % len(RUN_FILES)]
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        write_sums(RUN)
        planner.open_run(RUN)
    except PlannerError as error:
        assert str(error).strip()
    finally:
        path.write_bytes(before)


def seeds(folder: Path) -> None:
    """Valid inputs to start from."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(NAMES):
        with suppress(FileNotFoundError):
            (folder / f"seed-{name}").write_bytes(
                bytes([i]) + (STARTER / f"{name}.csv").read_bytes()
            )
    for path in (STARTER.parents[1] / "models").glob("*.toml"):
        (folder / f"seed-{path.stem}").write_bytes(bytes([MODELS - 1]) + path.read_bytes())
    for path in (STARTER.parents[1] / "models" / "studies").glob("*.toml"):
        (folder / f"seed-study-{path.stem}").write_bytes(bytes([STUDIES - 1]) + path.read_bytes())
    for i, path in enumerate(RUN_FILES):
        kind = next(k for k in range(STUDIES, RUNS) if k % len(RUN_FILES) == i)
        (folder / f"seed-run-{i}").write_bytes(bytes([kind]) + path.read_bytes())
    (folder / "seed-book").write_bytes(bytes([RUNS]) + (ROOM / "seed.xlsx").read_bytes())
    for i, name in enumerate(sorted(PARTS)):
        kind = next(k for k in range(110, 256) if k % len(PARTS) == i)
        (folder / f"seed-part-{i}").write_bytes(bytes([kind]) + PARTS[name])


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    PARTS = skeleton()
    TEACHING = planner.load(STARTER)
    RUN = write_run(planner.solve(TEACHING), ROOM / "run")
    RUN_FILES = [
        RUN / "summary.json",
        *sorted((RUN / "inputs").iterdir()),
        *sorted((RUN / "tables").iterdir()),
    ]
    for argument in sys.argv[1:]:
        if not argument.startswith("-"):
            seeds(Path(argument))
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
