"""Text of the inputs is data wherever it ends up: no markup, no formula, no path and no program comes of it."""

from __future__ import annotations

import csv
import html
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cells import CARRIED
from planner.cli import app
from planner.data.checks import DEFINED, REFERENCES
from planner.data.load import checked_case
from planner.data.schema import TABLES
from planner.reporting.pages.run import write_page_and_workbook
from tests.cases import LONG, stored
from tests.conftest import leave_out_pages, leave_out_support
from tests.faults.conftest import STARTER, read_text, write_text
from tests.faults.mutations import Text

DATA = re.compile(r'<script type="application/json"[^>]*>(.*?)</script>', re.DOTALL)
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
NAMES = {
    "country": "=cmd|'/C calc'!A0",
    "element": "+1+1",
    "project": '@SUM(1)"{{7-7}}${7-7}',
    "feed": "-2+3",
    "ramp": "=1",
    "skill": '#panic("x") $x$ \\',
    "scenario": '=HYPERLINK("http://x")',
    "supplier": "../../x",
    "funder": "=cmd|'/C calc'!A0",
}
"""What each kind of name starts with; the name itself and markup follow."""
TEXTS = {
    ("countries", "bloc"),
    *((table.name, "name") for table in TABLES),
    ("training", "programme"),
}


def hostile(kind: str, name: str) -> str:
    return f"{NAMES.get(kind, '=2')} {name} {MARKUP}" if name and name != "*" else name


def poisoned(text: Text) -> Text:
    """The case with every name and every free text made hostile, and every reference still right."""
    kinds = {(table, column): kind for kind, (table, column) in DEFINED.items()}
    kinds |= {(table, column): kind for table, column, kind in REFERENCES}
    kinds |= {("imports", "supplier"): "supplier", ("budgets", "funder"): "funder"}
    out = {}
    for table, (header, *rows) in text.items():
        header = [*header, *(column for column in CARRIED if column not in header)]
        grid = [header]
        for row in rows:
            cells = dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=True))
            for column, cell in cells.items():
                kind = kinds.get((table, column))
                if kind in ("stage", "form"):
                    continue
                if kind is not None:
                    parts = [hostile(kind, part.strip()) for part in cell.split(";")]
                    cells[column] = ";".join(parts)
                elif (table, column) in TEXTS or column in CARRIED:
                    cells[column] = hostile("text", cell or "x")
            grid.append(list(cells.values()))
        out[table] = grid
    return out


class Tags(HTMLParser):
    """Elements and attributes of a page, and what its scripts say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts += data


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the commands write for the starter with hostile texts."""
    folder = tmp_path_factory.mktemp("hostile") / "within"
    text = poisoned(read_text(STARTER))
    case, run, study = write_text(text, folder / "case"), folder / "run", folder / "study.toml"
    study.write_text(
        f"title = '{MARKUP}'\ncase = '{case}'\n"
        "[[uncertainties]]\nname = '=2+3 <script>alert(3)</script>'\nchange = 'budgets.*.*.musd=x?'\n"
        "range = [0.5, 1.5]\n[design]\nkind = 'lhs'\npoints = 4\nseed = 1\n"
    )
    # The pages that `solve` and `explain` write are those of `report`, and would be written over.
    stored(planner.solve(checked_case(case, changes={"title": MARKUP})), run)
    other = planner.solve(
        checked_case(case, changes={"policy.coordination": "national"}), baseline=False
    )
    write_page_and_workbook(other, stored(other, folder / "other"))
    with pytest.MonkeyPatch.context() as patched:
        leave_out_pages(patched)
        call("explain", run, "--workers", 1)
    with pytest.MonkeyPatch.context() as patched:
        if not LONG:  # tests of the PDF typeset such names
            patched.setattr("planner.reporting.forms.pdf.INSTALLED", False)
        call("report", run)
    with pytest.MonkeyPatch.context() as patched:
        if not LONG:
            leave_out_support(patched)
        call("report", run, "--project", text["projects"][1][0])
    call("compare", run, folder / "other", "--out", folder / "compared")
    call("study", "run", study, "--out", folder / "study")
    call("study", "report", folder / "study")
    return folder


def call(*words: object) -> None:
    """A command that ends well."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, (words, done.output, done.exception)


def test_markup_in_any_text_is_escaped_on_every_page(written: Path) -> None:
    pages = sorted(written.rglob("*.html"))
    assert {"report.html", "compare.html"} <= {page.name for page in pages} and len(pages) >= 5
    for path in pages:
        page = path.read_text(encoding="utf-8")
        # Data of charts stand in scripts that no browser runs; nothing in them can end such a script.
        data = DATA.findall(page)
        assert all("<" not in text for text in data), path
        found = Tags(DATA.sub("", page))
        assert "alert(1)" in page and "alert(" not in found.scripts, path
        assert sum(tag == "script" for tag, _ in found.tags) <= 2, path
        for tag, values in found.tags:
            assert not any(name.startswith("on") for name in values), (path, tag, values)
            for name in {"src", "href", "xlink:href", "action"} & values.keys():
                is_beside = name == "href" and (path.parent / values[name]).is_file()
                is_harmless = values[name].startswith(("#", "data:image/"))
                assert is_harmless or is_beside, (path, tag, values)
        found = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
        policy = html.unescape(found[1]) if found else ""
        assert "default-src 'none'" in policy and "script-src 'unsafe" not in policy, path


def test_no_cell_of_a_table_or_workbook_is_taken_for_a_formula(written: Path) -> None:
    tables = sorted(written.rglob("*.csv"))
    assert len(tables) > 20
    number = re.compile(r"[+-]?[\d.]+(e[+-]?\d+)?", re.IGNORECASE)
    for path in tables:
        if path.is_relative_to(written / "case"):
            continue
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    assert not cell.startswith(
                        ("=", "+", "-", "@", "\t", "\r")
                    ) or number.fullmatch(cell), (path, cell)
    books = sorted(written.rglob("*.xlsx"))
    assert len(books) >= 2
    for path in books:
        with zipfile.ZipFile(path) as book:
            for part in book.namelist():
                content = book.read(part)
                assert not (part.endswith(".rels") and b"http://x" in content), (path, part)
                for formula in re.findall(rb"<f[^>]*>([^<]*)</f>", content):
                    assert b"cmd|" not in formula and b"alert" not in formula, (path, formula)


def test_nothing_is_written_outside_of_the_named_folders(written: Path) -> None:
    assert {p.name for p in written.iterdir()} == {
        "case",
        "compared",
        "other",
        "run",
        "study",
        "study.toml",
    }
    assert [p.name for p in written.parent.iterdir()] == [written.name]
