"""The forms of a report. Pages as HTML, everything escaped unless it is our own markup. report.md: the answer and the
tables as Markdown, for version control, where the difference of two runs is readable. report.pdf: the same sections as
the page, typeset by Typst with the same charts as vectors; no browser. report.xlsx: an index, and tables as native
Excel tables with filters and charts, sums as formulas, set up to be printed. Same plan, same bytes.

Typst (typst.app) is one wheel without further dependencies, sets contents, page numbers, repeated table headings and
SVG by itself, and gives the same bytes for the same input. ReportLab and fpdf2 need all of that to be programmed.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

import typst
import xlsxwriter
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from xlsxwriter.utility import xl_range

from planner.reporting.charts.drawing import GREYS, WITH, WITHOUT
from planner.reporting.tables import plan
from planner.reporting.tables.decision import ally_sheet, decision_sheets
from planner.reporting.tables.inputs_and_results import inputs_sheet, result_sheets, summary_sheet
from planner.reporting.tables.plan import explanation_tables
from planner.reporting.values.page_parts import Front, ReportTable, Section, Statement
from planner.reporting.values.run_view import RunView
from planner.reporting.values.wording import TEMPLATES, passage, unbroken, worded


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("planner.reporting"),
        autoescape=True,
        finalize=unbroken,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_template(template: str, script: str = "", **values: Any) -> str:
    """A page as text, with the common style and script, and another, if any: all that its security policy lets run."""
    style, ours = _ours("report.css"), _ours("report.js") + (_ours(script) if script else "")
    digest = base64.b64encode(hashlib.sha256(ours.encode("utf-8")).digest()).decode("ascii")
    return (
        _environment()
        .get_template(template)
        .render(style=style, script=ours, script_hash=f"sha256-{digest}", **values)
    )


def _ours(name: str) -> Markup:
    text = (
        resources.files("planner.reporting").joinpath("templates", name).read_text(encoding="utf-8")
    )
    return Markup(text.replace("\r\n", "\n"))  # noqa: S704  our own file


def report_page(
    kind: str,
    title: str,
    question: str,
    statements: Sequence[Statement],
    sections: Sequence[Section],
    **more: Any,
) -> str:
    """A page that answers one question about a run. more: cards, subtitle, note, script."""
    said = {
        "cards": (),
        "subtitle": "",
        "note": "",
        "script": "",
        "kind": kind,
        "title": title,
        "question": question,
    }
    return render_template(
        "page.html.j2", **said | {"statements": statements, "sections": sections} | more
    )


SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\|*_`<>[]#"} | {"\n": " "})


def plain(text: str) -> str:
    """A text in which nothing is taken for markup."""
    return text.translate(SPECIAL)


TEMPLATES.filters["plain"] = plain


def render_markdown(front: Front, sections: Sequence[Section]) -> str:
    """The whole report as text; input tables stay in the workbook."""
    return passage("report.md.j2", "report", {"front": front, "sections": sections}).rstrip() + "\n"


MOST_PRINTED = 60
"""Rows of a table that are printed; the workbook has all of them."""
WIDE = 9
"""Columns from which a table is set small."""
POINTS_A_LETTER, POINTS_A_COLUMN, ROOM = 3.1, 7.0, 510.0
"""Size of a small table; one wider than the room of a page lies on its side."""
SHORT, LONG = 24, 100
"""Letters up to which a column is as wide as its words, and beyond which it is not made wider."""
ON_ONE_PAGE = 1_200
"""Letters of a table up to which it is kept on one page."""
WIDTHS = ("76%", "100%")
"""Width of the first chart, which shares the first page with the answer, and of others."""
LEAD = 32
"""Letters up to which what stands before a colon leads a line of the first page."""
NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def write_pdf(path: Path, front: Front, sections: Sequence[Section]) -> None:
    """Typeset a report into `path`. The same bytes on every machine: the fonts are our own."""
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        folder = Path(scratch)

        def save(svg: str) -> str:
            name = f"chart-{len(list(folder.glob('*.svg')))}.svg"
            (folder / name).write_text(
                str(svg).replace("<svg", f"<svg {NAMESPACES}", 1), encoding="utf-8"
            )
            return name

        half, sizes = sum(map(len, front.lines)) / 2, list(accumulate(map(len, front.lines)))
        first = next((at for at, size in enumerate(sizes, start=1) if size >= half), 0)
        lines = front.lines[:first], front.lines[first:]
        values = {
            "front": front,
            "sections": sections,
            "layout": _layout,
            "save": save,
            "lines": lines,
            "wide": WIDTHS,
        }
        body = passage("report.typ.j2", "report", values | {"most": MOST_PRINTED})
        (folder / "report.typ").write_text(body, encoding="utf-8")
        with resources.as_file(
            resources.files("planner.reporting.formats").joinpath("fonts")
        ) as fonts:
            typst.compile(
                folder / "report.typ",
                output=path,
                root=folder,
                font_paths=[fonts],
                ignore_system_fonts=True,
            )


def _quoted(text: str) -> str:
    """A text as a Typst string, in which nothing is taken for markup."""
    safe = unbroken(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else f"\\u{{{ord(c):x}}}" for c in safe) + '"'


def _led(line: str) -> str:
    """A line of the front with its lead, if it has one, in bold."""
    lead, mark, rest = line.partition(": ")
    return (
        f"#strong({_quoted(lead + ':')}) #{_quoted(rest)}"
        if mark and len(lead) < LEAD
        else f"#{_quoted(line)}"
    )


TEMPLATES.filters |= {"quoted": _quoted, "led": _led}


def _layout(part: ReportTable) -> dict[str, Any]:
    """Whether a table is set small, lies on its side, is kept on one page; and how wide its columns are."""
    turned = _too_wide(part)
    together = not turned and sum(len(cell) for row in part.shown for cell in row) < ON_ONE_PAGE
    widths = [_width(part, at) for at in range(len(part.heads))]
    return {
        "small": len(part.heads) > WIDE,
        "turned": turned,
        "together": together,
        "widths": widths,
    }


def _width(part: ReportTable, at: int) -> str:
    """Short heads, numbers and words take what they need; longer ones share the rest by their length."""
    head = part.heads[at]
    if head.number:
        return "auto" if max(len(head.title), len(head.unit)) <= SHORT else f"{SHORT}fr"
    longest = max([len(head.title), *(len(row[at]) for row in part.shown[:MOST_PRINTED])])
    return "auto" if longest <= SHORT else f"{min(longest, LONG)}fr"


def _too_wide(part: ReportTable) -> bool:
    if len(part.heads) <= WIDE:
        return False
    rows = [[column.unit for column in part.heads], *part.shown[:MOST_PRINTED]]
    widest = (min(max(len(row[at]) for row in rows), SHORT) for at in range(len(part.heads)))
    return sum(POINTS_A_LETTER * letters + POINTS_A_COLUMN for letters in widest) > ROOM


MADE = datetime(2000, 1, 1)
"""A fixed stamp, so that the bytes depend on the plan alone."""
OPTIONS = dict.fromkeys(
    ("strings_to_formulas", "strings_to_urls", "strings_to_numbers", "nan_inf_to_errors"), False
)
LONGEST, MOST_OF_A_HEADING = 32_767, 240
"""Letters that Excel takes in a cell, and in the heading of a table with room to tell it from its like."""
MOST_ROWS = 100_000
"""Rows of a sheet; what has more is cut, and the index says so. Excel ends at 1,048,576."""
WIDEST, NARROWEST = 60, 9
SHEETS: tuple[Callable[[RunView], ReportTable | None], ...] = (
    *(
        plan.investments,
        plan.balance_sheet,
        plan.spending_sheet,
        plan.payers,
        plan.cost,
        plan.shortfalls,
    ),
    *(ally_sheet, plan.short_sheet),
)
"""Those of a plan, in order; results by year follow."""
A4 = 9


def write_workbook(run: RunView, path: Path) -> None:
    """Write the workbook of a plan."""
    with xlsxwriter.Workbook(str(path), OPTIONS | {"tmpdir": str(path.parent)}) as target:
        target.set_properties({"title": run.title, "created": MADE})
        writer, sheets = _Writer(target), sheets_of(run)
        writer.index(run, sheets)
        for sheet in sheets:
            page = writer.table(sheet)
            if sheet.sheet in CHARTS:
                CHARTS[sheet.sheet](writer, sheet, page)


def sheets_of(run: RunView) -> list[ReportTable]:
    """The sheets after the index, in order."""
    sheets = [summary_sheet(run), *decision_sheets(run)]
    if run.found is not None:
        sheets += [table for table in explanation_tables(run.found, run.names) if table.sheet]
    if "risk_musd" in run.summary:
        made = (sheet_of(run) for sheet_of in SHEETS)
        sheets += [*(sheet for sheet in made if sheet is not None), *result_sheets(run)]
    return [*sheets, inputs_sheet(run.case, run.names)]


class _Writer:
    """Writes sheets into one workbook and keeps its formats."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self._formats: dict[str, Any] = {}
        self._bold = target.add_format({"bold": True, "font_size": 14})
        self._link = target.add_format({"font_color": "#0b4f7d", "underline": 1})
        self._head = target.add_format({"bold": True, "text_wrap": True, "valign": "top"})

    def _format(self, form: str) -> Any:
        if form and form not in self._formats:
            self._formats[form] = self._target.add_format({"num_format": form})
        return self._formats.get(form)

    def _page(self, name: str) -> Any:
        """A sheet that is printed as wide as the paper, with its heading on every page."""
        page = self._target.add_worksheet(name)
        page.set_paper(A4)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_footer("&L&A&R&P / &N")
        return page

    def index(self, run: RunView, sheets: Sequence[ReportTable]) -> None:
        """The first sheet: what each sheet is, and the units."""
        page = self._page("index")
        page.hide_gridlines(2)
        page.write_string(0, 0, f"Supply security plan: {run.title}"[:LONGEST], self._bold)
        page.write_string(1, 0, worded("decision.j2", "units"))
        for place, (heading, width) in enumerate(
            (("sheet", 24), ("rows", 10), ("what it says", 110))
        ):
            page.set_column(place, place, width)
            page.write_string(3, place, heading, self._head)
        for row, sheet in enumerate(sheets, start=4):
            page.write_url(row, 0, f"internal:'{sheet.sheet}'!A1", self._link, sheet.sheet)
            page.write_number(row, 1, len(sheet.rows))
            cut = f" (the first {MOST_ROWS:,} rows)" if len(sheet.rows) > MOST_ROWS else ""
            page.write_string(row, 2, sheet.meaning + cut)

    def table(self, sheet: ReportTable) -> Any:
        """A sheet with one native table: header frozen, filters on, sums below."""
        page = self._page(sheet.sheet)
        page.freeze_panes(1, 0)
        page.repeat_rows(0)
        page.set_row(0, 32)
        columns, last = sheet.sheet_columns, max(min(len(sheet.rows), MOST_ROWS), 1)
        headings, heads = _unique([column.full[:MOST_OF_A_HEADING] for column, _ in columns]), []
        for place, (column, values) in enumerate(columns):
            form = self._format(column.form.excel)
            page.set_column(
                place, place, _sheet_width(headings[place], values, column.form.excel), form
            )
            heads.append({"header": headings[place], "header_format": self._head})
        page.add_table(
            *(0, 0, last, len(columns) - 1),
            {
                "name": "t_" + sheet.sheet.replace(" ", "_"),
                "columns": heads,
                "style": "Table Style Light 1",
            },
        )
        for place, (column, values) in enumerate(columns):
            form = self._format(column.form.excel)
            for row, value in enumerate(values[:MOST_ROWS], start=1):
                if isinstance(value, str):
                    if value:
                        page.write_string(row, place, value[:LONGEST])
                elif value is not None and value == value:
                    page.write_number(row, place, value, form)
            if sheet.total and column.summed:
                # A range, not the name of the column: not every program reads a name with brackets in it.
                whole = sum(value for value in values if isinstance(value, int | float))
                page.write_formula(
                    last + 1,
                    place,
                    f"=SUBTOTAL(109,{xl_range(1, place, last, place)})",
                    form,
                    whole,
                )
        if sheet.total:
            page.write_string(last + 1, 0, sheet.total, self._head)
        return page

    def supply_charts(self, sheet: ReportTable, page: Any) -> None:
        """Lines over the years beside the table, a chart for each element."""
        start, looks = 1, dict(zip(range(2, len(sheet.columns)), LINES, strict=False))
        for place, (element, rows) in enumerate(groupby(sheet.rows, key=lambda row: row[0])):
            end = start + len(list(rows)) - 1
            title = f"{element}: expected demand and supply, t a year"
            chart = self._chart("line", title, sheet.sheet, (1, start, end), looks)
            page.insert_chart(
                1 + 17 * (place // 2), len(sheet.columns) + 1 + 8 * (place % 2), chart
            )
            start = end + 1

    def loss_chart(self, sheet: ReportTable, page: Any) -> None:
        """Bars by future under the table."""
        losses = [
            place for place, (column, _) in enumerate(sheet.sheet_columns) if column.unit == "MUSD"
        ]
        looks = {
            place: {"fill": {"color": hue}}
            for place, hue in zip(losses[::-1], (WITH, WITHOUT), strict=False)
        }
        chart = self._chart(
            "bar", "Loss by future, MUSD", sheet.sheet, (0, 1, len(sheet.rows)), looks
        )
        page.insert_chart(len(sheet.rows) + 4, 0, chart, {"x_scale": 1.7, "y_scale": 1.8})

    def _chart(
        self,
        kind: str,
        title: str,
        sheet: str,
        over: tuple[int, int, int],
        looks: Mapping[int, dict[str, Any]],
    ) -> Any:
        """A native chart of columns, each with its look, over another column from a first row to a last."""
        along, first, last = over
        chart = self._target.add_chart({"type": kind})
        for column, look in looks.items():
            of = {"name": [sheet, 0, column], "values": [sheet, first, column, last, column]}
            chart.add_series(of | {"categories": [sheet, first, along, last, along]} | look)
        # A name such as Dy!A1 would be taken for the address of a cell.
        chart.set_title({"name": title.replace("!", "! "), "name_font": {"size": 12}})
        chart.set_legend({"position": "bottom"})
        chart.set_y_axis({"reverse": True} if kind == "bar" else {"num_format": "#,##0", "min": 0})
        return chart


LINES = tuple(
    {"line": {"color": hue, "width": wide}}
    for hue, wide in ((GREYS[2], 5), (WITH, 1.75), (WITHOUT, 1.75))
)
"""Looks of demand and of what is met of it with the plan and without."""
CHARTS = {"supply and demand": _Writer.supply_charts, "loss by future": _Writer.loss_chart}
"""Sheets that have native charts."""


def _unique(headings: Sequence[str]) -> list[str]:
    """Headings told apart without regard to case, as Excel tables demand."""
    seen, out = Counter[str](), []
    for heading in headings:
        seen[heading.casefold()] += 1
        often = seen[heading.casefold()]
        out.append(heading if often == 1 else f"{heading} {often}")
    return out


def _sheet_width(heading: str, values: Sequence[Any], form: str) -> float:
    longest = (
        10
        if form
        else max((len(value) for value in values[:2000] if isinstance(value, str)), default=0)
    )
    return min(max(longest + 2, len(heading) * 0.75 + 3, NARROWEST), WIDEST)
