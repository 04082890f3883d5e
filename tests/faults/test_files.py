"""Wrong files: encodings, separators, quotes, workbooks that are damaged or hostile; and forms that are allowed."""

from __future__ import annotations

import shutil
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.load import checked_case
from planner.errors import Fault, InputError
from planner.results.store import default_folder
from tests.cases import stored
from tests.faults.books import write_book
from tests.faults.conftest import STARTER, write_text
from tests.faults.hostile import changed
from tests.faults.mutations import Text, all_mutations, mutated


def faults_of(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as caught:
        planner.load(path)
    return caught.value.faults


@pytest.fixture
def case(base: Text, tmp_path: Path) -> Path:
    return write_text(base, tmp_path / "case")


def edit(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes())) and None


def directory(folder: Path) -> None:
    (folder / "demand.csv").unlink()
    (folder / "demand.csv").mkdir()


def second(folder: Path) -> None:
    (folder / "demand.CSV").write_bytes((folder / "demand.csv").read_bytes())


WRONG_FILES = {
    "latin-1": (
        edit("countries.csv", lambda b: b.replace(b"Japan", b"J\xe4pan")),
        "encoding",
        "countries.csv",
        3,
    ),
    "utf-16": (
        edit("countries.csv", lambda b: b.decode().encode("utf-16")),
        "encoding",
        "countries.csv",
        1,
    ),
    "nul": (edit("demand.csv", lambda b: b + b"\0"), "encoding", "demand.csv", 6),
    "semicolons": (
        edit("demand.csv", lambda b: b.replace(b",", b";")),
        "delimiter",
        "demand.csv",
        1,
    ),
    "tabs": (edit("imports.csv", lambda b: b.replace(b",", b"\t")), "delimiter", "imports.csv", 1),
    "open quote": (edit("demand.csv", lambda b: b + b'JPN,"Dy'), "bad-csv", "demand.csv", 6),
    "text after a quote": (
        edit("demand.csv", lambda b: b + b'"JPN"x,Dy'),
        "bad-csv",
        "demand.csv",
        6,
    ),
    "empty": (edit("feeds.csv", lambda b: b""), "empty-table", "feeds.csv", 0),
    "blank": (edit("feeds.csv", lambda b: b"\n ,\n"), "empty-table", "feeds.csv", 0),
    "folder": (directory, "unreadable", "demand.csv", 0),
    "twice": (second, "double-table", "demand.csv", 0),
    "unknown": (
        lambda folder: (folder / "zzz.csv").write_text("a\n") and None,
        "unknown-table",
        "zzz.csv",
        0,
    ),
    "a total": (edit("demand.csv", lambda b: b + b"Total,,,,500\n"), "empty-cell", "demand.csv", 6),
    "decimal comma unquoted": (
        edit("demand.csv", lambda b: b.replace(b",100,", b",100,5,", 1)),
        "too-many-cells",
        "demand.csv",
        2,
    ),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_a_wrong_file_is_one_fault(case: Path, name: str) -> None:
    change, rule, place, line = WRONG_FILES[name]
    change(case)
    found = faults_of(case)
    assert [(fault.rule, fault.place, fault.line) for fault in found] == [(rule, place, line)], (
        found
    )
    assert found[0].remedy


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b"\xef\xbb\xbf" + b,
        lambda b: b.replace(b"\n", b"\r\n"),
        lambda b: b.replace(b"\n", b"\r\n", 2),
        lambda b: b.replace(b"\n", b"\n\n"),
        lambda b: b.rstrip(b"\n"),
        lambda b: b.replace(b",", b", "),
    ],
)
def test_byte_order_mark_line_ends_blank_lines_and_spaces_do_no_harm(
    case: Path, change: Callable[[bytes], bytes]
) -> None:
    before = planner.load(case)
    for path in case.glob("*.csv"):
        path.write_bytes(change(path.read_bytes()))
    assert planner.load(case).sha256 == before.sha256


def test_merged_cells_formulas_without_values_and_doubled_keys_of_a_workbook(
    base: Text, tmp_path: Path
) -> None:
    def spoil(change: Callable[[openpyxl.Workbook], None]) -> Fault:
        book = openpyxl.load_workbook(write_book(base, tmp_path / "case.xlsx"))
        change(book)
        book.save(tmp_path / "case.xlsx")
        (found,) = faults_of(tmp_path / "case.xlsx")
        return found

    def model(*rows: tuple[str, object]) -> Callable[[openpyxl.Workbook], None]:
        def add(book: openpyxl.Workbook) -> None:
            for row in (("key", "value"), *rows):
                (
                    book["model"] if "model" in book.sheetnames else book.create_sheet("model")
                ).append(row)

        return add

    merged = spoil(lambda book: book["countries"].merge_cells("F3:F4"))
    assert (merged.rule, merged.line) == ("merged-cells", 3) and "F3:F4" in merged.message
    formula = spoil(lambda book: book["demand"].__setitem__("H2", "=1+1"))
    assert (formula.rule, formula.line) == ("formula-without-value", 2) and "H2" in formula.message
    twice = spoil(model(("objective.tail", 0.8), ("objective.tail", 0.9)))
    assert (twice.rule, twice.line) == ("repeated-key", 3)
    wrong = spoil(model(("objective.tail", 0.8), ("policy.coordination", "alied")))
    assert (wrong.rule, wrong.line) == ("bad-value", 3)
    assert spoil(lambda book: book.create_sheet("demnad")).rule == "unknown-table"


def test_a_zip_bomb_is_refused_at_once(tmp_path: Path) -> None:
    # Ten parts of a gigabyte each, compressed to ten megabytes: the sizes are read, nothing is unpacked.
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = squeezer.compress(b" " * 2**24) + squeezer.flush(zlib.Z_FULL_FLUSH)
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_STORED) as book:
        for part in range(10):
            book.writestr(f"xl/worksheets/sheet{part}.xml", deflated * 64)
        for info in book.filelist:
            info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, 2**30
    started = time.process_time()
    (found,) = faults_of(tmp_path / "bomb.xlsx")
    assert found.rule == "too-large" and "MiB" in found.message
    assert time.process_time() - started < 5.0  # 10 GB take far longer to unpack


def test_entities_are_never_expanded_beyond_measure(base: Text, tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(12))
    book = write_book(base, tmp_path / "case.xlsx")

    def laughing(part: bytes) -> bytes:
        head, _, rest = part.partition(b"?>")
        doctype = f"?><!DOCTYPE x [{laughs}]>".encode()
        return head + doctype + rest.replace(b"<t>", b"<t>&l11;", 1)

    started = time.process_time()
    (found,) = faults_of(changed(book, "xl/sharedStrings.xml", laughing))
    assert found.rule == "bad-workbook"
    assert time.process_time() - started < 5.0  # it would be two terabytes


def test_a_cell_in_the_last_row_costs_nothing(base: Text, tmp_path: Path) -> None:
    book = write_book(base, tmp_path / "case.xlsx")
    before = planner.load(book).sha256
    opened = openpyxl.load_workbook(book)
    opened["demand"].cell(1_048_576, 50).font = Font(bold=True)
    opened.save(book)
    started = time.process_time()
    assert planner.load(book).sha256 == before
    assert time.process_time() - started < 5.0


def test_a_formula_may_give_an_empty_text(base: Text, tmp_path: Path) -> None:
    book = write_book(base, tmp_path / "case.xlsx")
    before = planner.load(book).sha256
    cell = b'<c r="H3" t="str"><f>IF(1,"","x")</f><v></v></c></row>'
    number = 1 + list(base).index("demand")

    def with_formula(sheet: bytes) -> bytes:
        head, row, rest = sheet.partition(b'<row r="3"')
        return head + row + rest.replace(b"</row>", cell, 1)

    changed(book, f"xl/worksheets/sheet{number}.xml", with_formula)
    assert planner.load(book).sha256 == before


def test_a_damaged_workbook_is_one_fault_without_a_traceback(base: Text, tmp_path: Path) -> None:
    whole = write_book(base, tmp_path / "case.xlsx").read_bytes()
    for raw in (
        b"",
        b"PK",
        b"no workbook",
        whole[:1000],
        whole[: len(whole) // 2],
        whole[:-30],
        whole[:500] + b"x" * 99 + whole[599:],
    ):
        (tmp_path / "case.xlsx").write_bytes(raw)
        found = faults_of(tmp_path / "case.xlsx")
        assert [fault.rule for fault in found] == ["bad-workbook"], found


def test_a_large_table_is_read_within_memory_and_thousands_of_faults_are_listed_in_short(
    case: Path,
) -> None:
    # Memory grows by about 2 kB a row, so a million rows take 2 GB.
    rows = "\n".join(f"S{i},JPN,Dy,oxide,2026,1" for i in range(5_000))
    (case / "suppliers.csv").unlink()
    (case / "imports.csv").write_text(
        f"supplier,country,element,form,year,tonnes\n{rows}\nCHN,JPN,Dy,oxide,2026,1\n"
    )
    tracemalloc.start()
    planner.load(case)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25e6
    (case / "imports.csv").write_text(
        f"supplier,country,element,form,year,tonnes\n{rows}\nCHN,JPN,Dy,oxide,2026,1".replace(
            ",1\n", ',"1,5"\n'
        )
    )
    found = faults_of(case)
    assert len(found) == 21 and "more like it" in found[-1].message
    assert len(str(InputError(found))) < 10_000


def test_ids_that_look_like_paths_formulas_or_markup_are_text(case: Path, tmp_path: Path) -> None:
    hostile = "=HYPERLINK(1)"
    for name in ("hazards", "draws", "targets"):
        (case / f"{name}.csv").unlink()
    for name in ("scenarios", "shocks"):
        path = case / f"{name}.csv"
        path.write_text(
            path.read_text().replace("\ncut,", f"\n{hostile},").replace("\nslip,", "\n../../slip,")
        )
    plan = planner.solve(checked_case(case, changes={"name": "../../../x"}), baseline=False)
    stored(plan, tmp_path / "run")
    text = (tmp_path / "run" / "tables" / "shortfall.csv").read_text()
    assert f"\n'{hostile}," in text and f"\n{hostile}," not in text
    assert f"\n'{hostile}," in (tmp_path / "run" / "inputs" / "scenarios.csv").read_text()
    kept = planner.open_run(tmp_path / "run")
    assert kept.case.sha256 == plan.case.sha256
    assert set(kept.table("shortfall")["scenario"]) == {"calm", hostile, "../../slip"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case", "run"]
    assert default_folder(plan.case).parent == Path("reports")


def test_probabilities_of_any_size_are_judged_by_their_sum(case: Path) -> None:
    path = case / "scenarios.csv"
    header = path.read_text().partition("\n")[0].split(",")
    tiny = {"scenario": "tiny", "name": "one in a billion", "probability": "1e-9"}
    row = ",".join(tiny.get(column, "") for column in header)
    path.write_text(f"{path.read_text()}{row}\n")
    assert planner.load(case).scenarios["tiny"] == pytest.approx(1e-9)


@pytest.mark.parametrize("every", range(3))
def test_the_command_says_the_same_and_writes_nothing(
    base: Text, tmp_path: Path, every: int
) -> None:
    for number, mutation in enumerate(all_mutations(base)[every * 97 :: 300]):
        folder = write_text(mutated(base, mutation), tmp_path / str(number))
        result = CliRunner().invoke(app, ["solve", str(folder), "--out", str(tmp_path / "run")])
        assert result.exit_code == 2, (mutation, result.output)
        assert (
            f"{mutation.table}.csv" in result.stderr
            and "1 fault; nothing was written" in result.stderr
        )
        assert "Traceback" not in result.output
        assert not (tmp_path / "run").exists()


def test_a_quote_that_swallows_rows_is_named_at_its_cell(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(STARTER, tmp_path / "case"))
    projects = folder / "projects.csv"
    whole = projects.read_text(encoding="utf-8")
    opened = whole.replace("teaching case,existing", '"teaching case,existing')
    projects.write_text(opened, encoding="utf-8")
    with pytest.raises(
        InputError, match=r'projects.csv:2: a quote opens in the cell of column "confidence"'
    ):
        planner.load(folder)
    closed = opened.replace("teaching case,takes", 'teaching case",takes')
    projects.write_text(closed, encoding="utf-8")
    remarks = planner.load(folder).origin.remarks
    first = remarks[0]
    assert (first.rule, first.line, first.column) == ("swallowed-rows", 2, "confidence")
    assert "holds 2 lines of the table" in first.message


def test_notes_of_several_lines_hold_no_rows(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(STARTER, tmp_path / "case"))
    demand = folder / "demand.csv"
    text = demand.read_text(encoding="utf-8")
    prose = '"one, two, three,\nfour, five, six, seven, eight, nine,\nten"'
    demand.write_text(text.replace("constant to 2031", prose), encoding="utf-8")
    assert planner.load(folder).origin.remarks == ()
