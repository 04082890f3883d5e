"""Files that are made to exhaust time or memory, or to reach out of their folder: refused at once."""

from __future__ import annotations

import re
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import planner
from planner.data.case import Case
from planner.data.load import checked_case
from planner.errors import InputError, RunFolderError
from planner.results.store import default_folder
from planner.solving.warm_program import WarmProgram
from tests.cases import budget, demand, load_case, mine, plant, record, scenarios, shock, stored
from tests.faults.books import write_book
from tests.faults.conftest import STARTER, write_text
from tests.faults.hostile import changed, parts_of, repacked
from tests.faults.mutations import Text
from tests.faults.test_files import faults_of


@contextmanager
def at_once(seconds: float = 20.0) -> Iterator[None]:
    """Seconds of a machine that is several times slower than most; what is refused would take minutes."""
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


def test_a_workbook_that_claims_to_be_small_is_unpacked_no_further(tmp_path: Path) -> None:
    # Ten gigabytes that call themselves a kilobyte.
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = squeezer.compress(b" " * 2**24) + squeezer.flush(zlib.Z_FULL_FLUSH)
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_STORED) as book:
        book.writestr("xl/workbook.xml", deflated * 640)
        for info in book.filelist:
            info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, 1_000
    with at_once(2.0):
        (found,) = faults_of(tmp_path / "bomb.xlsx")
    assert found.rule == "bad-workbook"


def test_members_and_sheets_named_like_paths_touch_nothing(base: Text, tmp_path: Path) -> None:
    book = (
        write_book(base, tmp_path / "in" / "case.xlsx")
        if (tmp_path / "in").mkdir() is None
        else tmp_path
    )
    before = planner.load(book).sha256
    parts = parts_of(book) | {"../../evil.txt": b"x", "/evil.txt": b"x", "..\\evil.txt": b"x"}
    assert planner.load(repacked(book, parts)).sha256 == before
    (found,) = faults_of(
        changed(
            book,
            "xl/workbook.xml",
            lambda part: part.replace(b'name="demand"', b'name="../demand"'),
        )
    )[:1]
    assert found.rule == "bad-workbook"
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "case.xlsx"]


def test_a_table_that_leads_out_of_its_folder_is_not_read(base: Text, tmp_path: Path) -> None:
    case = write_text(base, tmp_path / "case")
    for name in ("demand.csv", "model.toml"):
        (tmp_path / name).write_bytes(
            (case / name).read_bytes() if name != "model.toml" else b'title = "secret"\n'
        )
        (case / name).unlink(missing_ok=True)
        (case / name).symlink_to(tmp_path / name)
        (found,) = faults_of(case)
        assert (found.rule, found.place) == ("unreadable", name) and "leads out" in found.message
        (case / name).unlink()
        (case / name).write_bytes((tmp_path / name).read_bytes())
    (case / "demand.csv").rename(case / "real.txt")
    (case / "demand.csv").symlink_to("real.txt")
    (tmp_path / "link").symlink_to(case)
    assert planner.load(tmp_path / "link").countries


def test_a_run_that_leads_out_of_its_folder_is_not_read(base: Text, tmp_path: Path) -> None:
    case = planner.load(write_text(base, tmp_path / "case"))
    run = stored(planner.solve(case, baseline=False), tmp_path / "run")
    for name in ("summary.json", "tables/shortfall.csv", "tables"):
        (run / name).rename(tmp_path / "elsewhere")
        (run / name).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(RunFolderError, match="leads out"):
            planner.open_run(run)
        (run / name).unlink()
        (tmp_path / "elsewhere").rename(run / name)
    assert planner.open_run(run).summary["case"] == "case"


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "x/" * 3000, ""])
def test_an_odd_target_is_refused_in_one_line(
    base: Text, tmp_path: Path, name: str, monkeypatch
) -> None:
    case = planner.load(write_text(base, tmp_path / "case"))
    plan = planner.solve(case, baseline=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunFolderError, match=r"nothing was written|not a run folder"):
        plan.write(name)
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..", "~root", "a/../../b", "con\n", "C:\\x"]
)
def test_a_case_named_like_a_path_stays_below_reports(
    base: Text, tmp_path: Path, name: str
) -> None:
    case = checked_case(
        write_text(base, tmp_path / "case"), changes={"name": name} if "\n" not in name else {}
    )
    folder = default_folder(case)
    assert folder.parent == Path("reports") and re.fullmatch(r"[\w.()+ -]+", folder.name)


def wide(table: str, columns: int) -> Callable[[Path], None]:
    return lambda case: (case / table).write_text("a," * columns + "a\n1,2,3\n") and None


def long_names(case: Path) -> None:
    text = (case / "countries.csv").read_text()
    (case / "countries.csv").write_text(text.replace("JPN", "J" * 60_000))


def many_names(case: Path) -> None:
    rows = "\n".join(f"supplier_{i:06},JPN,Dy,oxide,2026,1" for i in range(30_000))
    (case / "imports.csv").write_text(
        f"supplier,country,element,form,year,tonnes\nCHN,JPN,Dy,oxide,2026,1\n{rows}\n"
    )
    shocks = (case / "shocks.csv").read_text().splitlines()
    at = shocks[0].split(",").index("supplier")
    kind, scenario = shocks[0].split(",").index("kind"), shocks[0].split(",").index("scenario")
    for i in range(150):
        cells = [""] * len(shocks[0].split(","))
        cells[at], cells[kind], cells[scenario] = f"suplier_{i:06}", "import", "cut"
        cells[shocks[0].split(",").index("factor")] = "0.5"
        shocks.append(",".join(cells))
    (case / "shocks.csv").write_text("\n".join(shocks) + "\n")


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (wide("demand.csv", 300_000), "too-large"),
        (wide("demand.csv", 40_000_000), "too-large"),
        (long_names, "unknown-reference"),
        (many_names, "unknown-reference"),
    ],
)
def test_a_table_that_would_take_for_ever_is_refused_at_once(
    base: Text, tmp_path: Path, spoil: Callable[[Path], None], rule: str
) -> None:
    case = write_text(base, tmp_path / "case")
    spoil(case)
    with at_once(10.0):
        found = faults_of(case)
    assert {fault.rule for fault in found} == {rule}
    assert max(len(str(fault)) for fault in found) < 2_000
    assert len(found) < 50


@pytest.mark.parametrize(
    ("model", "tables", "says"),
    [
        ({"horizon.last_year": 10**9}, {}, "last_year"),
        ({"horizon.first_year": -(10**9)}, {}, "first_year"),
        ({}, {"demand": demand(last=10**9)}, "demand.csv:3: year"),
        ({}, {"projects": [plant(lead_time_years=10**9)]}, "projects.csv:2: lead_time_years"),
        ({}, {"scenarios": scenarios(a=1e9)}, "scenarios.csv:2: probability"),
        ({}, {"scenarios": scenarios(**{f"s{i}": 1e-9 for i in range(1000)})}, "sum to"),
        ({}, {"shocks": [shock("base", "delay", 1e13)]}, "shocks.csv:2: factor"),
        ({}, {"demand": demand(1e12), "shocks": [shock("base", "demand", 1e12)]}, "1e+24"),
        (
            {},
            {"shocks": [shock("base", "demand", 1e12, year) for year in range(1900, 1960)]},
            "inf in: supply",
        ),
        (
            {},
            {
                "elements": [{"element": "Dy", "heavy": "true", "loss_usd_per_kg": 1e12}],
                "countries": [{"country": "AAA", "weight": 1e12}],
            },
            "weight 1e+12",
        ),
        ({"objective.tail": 1 - 1.2e-16}, {}, "in: risk"),
    ],
)
def test_absurd_figures_are_refused_before_anything_is_solved(
    tmp_path: Path, model: dict[str, object], tables: dict[str, object], says: str
) -> None:
    with at_once(), pytest.raises(InputError, match=re.escape(says)):
        planner.solve(
            load_case(tmp_path / "case", model, **{"projects": [mine(), plant()], **tables})
        )


def test_absurd_figures_are_refused_where_a_session_takes_them_over(tmp_path: Path) -> None:
    def case(tonnes: float, factor: float) -> Case:
        tables = {
            "demand": demand(tonnes),
            "scenarios": scenarios(a=0.5, b=0.5),
            "projects": [mine(), plant()],
        }
        shocks = [shock("a", "demand", factor)]
        return load_case(tmp_path / f"{factor}", **tables, shocks=shocks)

    session = WarmProgram(case(1e12, 2.0))
    with pytest.raises(InputError, match="1e\\+24"):
        session.update(case(1e12, 1e12))
    assert session.case.demand


def test_a_delay_of_a_billion_years_is_never(tmp_path: Path) -> None:
    def risk(years: float) -> float:
        tables = {
            "projects": [mine(), plant(max_new_tpa=50, capex_usd_per_tpa=1000)],
            "budgets": budget(1.0),
            "shocks": [shock("base", "delay", years)],
        }
        return float(
            planner.solve(load_case(tmp_path / f"{years}", **tables), baseline=False).summary[
                "risk_musd"
            ]
        )

    with at_once():
        assert risk(1e9) == risk(10) > risk(0)


def test_a_case_of_absurd_size_is_refused_by_the_estimate_before_it_is_built(
    tmp_path: Path,
) -> None:
    many = 2000
    names = {f"s{i}": 1 / many for i in range(many)}
    shocks = [shock(name, "import", 1 - i / (many + 1), 1901) for i, name in enumerate(names)]
    case = load_case(
        tmp_path / "case",
        {"horizon.first_year": 1900, "horizon.last_year": 2200},
        scenarios=scenarios(**names),
        shocks=shocks,
        imports=[
            record(supplier="CHN", country="AAA", element="Dy", form="oxide", year=2026, tonnes=1)
        ],
        projects=[mine(project=f"m{i}", max_new_tpa=5) for i in range(200)],
    )
    with at_once(20.0), pytest.raises(InputError, match=r"GiB for .* histories"):
        planner.solve(case)


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 3000 + " = 1",
        "[a" + " . a" * 3000 + "]",
        "a = {b" + ".a" * 3000 + " = 1}",
        "a = " + "[" * 100_000,
        f"title = '{'x' * 2**20}'",
    ],
)
def test_a_model_file_that_would_exhaust_memory_is_refused_at_once(
    base: Text, tmp_path: Path, text: str
) -> None:
    case = write_text(base, tmp_path / "case")
    (case / "model.toml").write_text(text)
    with at_once(2.0):
        (found,) = faults_of(case)
    assert (found.rule, found.place) == ("bad-toml", "model.toml")
    assert checked_case(STARTER, changes={"title": "a.b." * 10}).model.title


def test_an_override_of_many_parts_is_one_fault(base: Text, tmp_path: Path) -> None:
    with at_once(2.0), pytest.raises(InputError):
        checked_case(write_text(base, tmp_path / "case"), changes={"a" + ".a" * 50_000: 1})
