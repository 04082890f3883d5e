"""report.html: self-contained, escaped, complete, and in agreement with the tables."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import planner
from planner.reporting.forms.html import embedded, render, static
from planner.reporting.pages.run import Report, render_page, report_of, write_pages
from planner.reporting.parts import Chapter, Front, ReportTable, charts_of, figures, text
from planner.results.plan import Plan, Status
from tests.reporting.conftest import STARTER, PageText, read_page, words_of

CHAPTERS = ("where-and-when", "why", "who-pays-who-gains")
ANNEX = (
    *("plants", "losses", "shortage", "money", "dependence", "limits", "facts", "method"),
    "inputs",
)
MOST_WORDS, MOST_IN_A_BLOCK, MOST_IN_A_SENTENCE, MOST_IN_A_TITLE = 1500, 60, 30, 24
HOSTILE = '<script>alert(1)</script>"&'
FORMULA = "=HYPERLINK(1)"


def test_page_reaches_nothing_outside(page: PageText) -> None:
    assert not {"link", "iframe", "img", "object", "embed", "base", "form"} & set(page.tags)
    links = [
        value
        for _, name, value in page.attributes
        if name in ("href", "src", "xlink:href", "action", "data")
    ]
    beside = ("#", "report.xlsx", "inputs/", "tables/")
    assert links and all(value.startswith(beside) for value in links)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert not [
        value for _, name, value in page.attributes if "http" in value and name != "aria-label"
    ]


def test_style_reaches_nothing_outside(written: Path) -> None:
    style = re.findall(
        r"<style>(.*?)</style>", (written / "report.html").read_text(encoding="utf-8"), re.S
    )
    assert len(style) == 1
    assert "url(" not in style[0] and "@import" not in style[0]


def test_content_security_policy_lets_only_our_script_run(written: Path, page: PageText) -> None:
    policies = [
        value
        for tag, name, value in page.attributes
        if (tag, name) == ("meta", "content") and "default-src" in value
    ]
    scripts = re.findall(
        r"<script>(.*?)</script>", (written / "report.html").read_text(encoding="utf-8"), re.S
    )
    assert len(scripts) == 1 and page.tags.count("script") == 2  # the other holds data
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode("utf-8")).digest()).decode("ascii")
    assert policies == [
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    ]
    assert not re.search(
        r"\b(?:eval|fetch|XMLHttpRequest|WebSocket|import|innerHTML|Function)\b",
        static("fit.js") + static("report.js"),
    )


def test_all_sections_in_order_and_linked(page: PageText) -> None:
    anchors = [value for tag, name, value in page.attributes if tag == "section" and name == "id"]
    assert tuple(anchors) == ("answer", *CHAPTERS, *ANNEX)
    links = {
        value
        for tag, name, value in page.attributes
        if tag == "a" and name == "href" and value.startswith("#")
    }
    assert links == {"#top", "#annex", *(f"#{anchor}" for anchor in CHAPTERS)}


def test_ids_are_unique_and_charts_have_a_title(page: PageText) -> None:
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    charts = [value for _, name, value in page.attributes if name == "data-chart"]
    titles = [value for _, name, value in page.attributes if name == "data-title"]
    assert len(charts) == len(set(charts)) == len(titles) >= 3 and all(titles)


def chart_data(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="chart-data">(.*?)</script>', html, re.S)
    assert found is not None
    return json.loads(found[1])


def told_by_charts(written: Path) -> list[dict[str, Any]]:
    """All rows of all data of the charts of the page."""
    data = chart_data((written / "report.html").read_text(encoding="utf-8"))
    return [row for rows in data["datasets"].values() for row in rows]


def test_run_times_are_not_on_the_page(plan: Plan, page: PageText) -> None:
    assert plan.summary["seconds"] and "seconds" not in page.text.lower()


def test_names_stand_in_for_ids(page: PageText) -> None:
    outside = page.text.split("Inputs and their sources")[1]  # the first mention is in the contents
    body = page.text[: page.text.rindex("Inputs and their sources")]
    assert outside
    for raw in ("desert_mine", "coast_plant", "metal_works", "aus_school"):
        assert raw not in body
    for name in ("Desert mine", "Coast separation plant", "Exports stopped and plants a year late"):
        assert name in body


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def doubted(text: str) -> str:
    """The second row of demand is hearsay, the others are sure."""
    first, second, rest = text.replace("illustration,teaching case", "a report,high").split(
        "a report,high", 2
    )
    return f"{first}a report,high{second}hearsay,estimate{rest}"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with doubtful inputs, hostile names, and no proof of the optimum."""
    changes = {
        "demand": doubted,
        "projects": lambda t: t.replace("Desert mine", quoted(HOSTILE)).replace(
            ",illustration,", f",{FORMULA},", 1
        ),
        "scenarios": lambda t: t.replace("No cut", quoted(HOSTILE)),
        "elements": lambda t: t.replace("Dysprosium", quoted(FORMULA)),
        "skills": lambda t: t.replace("Chemist", quoted(FORMULA)),
        "countries": lambda t: t.replace("Australia", quoted(HOSTILE)).replace(
            "Japan", quoted(FORMULA)
        ),
    }
    folder = tmp_path_factory.mktemp("odd") / "case"
    shutil.copytree(STARTER, folder)
    for name, change in changes.items():
        path = folder / f"{name}.csv"
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    plan = planner.solve(planner.load(folder))
    return render_page(report_of(dataclasses.replace(plan, status=Status.UNPROVEN)))


@pytest.mark.parametrize("text", [HOSTILE, FORMULA])
def test_text_of_inputs_is_data(odd: str, text: str) -> None:
    page = read_page(odd)
    assert page.tags.count("script") == odd.count("<script") == 2
    assert page.texts.count(text) > 3
    told = json.dumps(chart_data(odd)["datasets"])
    assert told.count(json.dumps(text)) > 3
    labels = [value for _, name, value in page.attributes if name == "aria-label"]
    assert labels


def test_unproven_run_warns(odd: str) -> None:
    assert "did not end with a proven optimum" in read_page(odd).text


def test_run_without_a_plan_gives_its_reasons(plan: Plan, tmp_path: Path) -> None:
    summary = {
        "status": "infeasible",
        "case": "starter",
        "goal": "target",
        "reasons": ["the <b>limit</b> is too low"],
    }
    write_pages(Plan(plan.case, Status.INFEASIBLE, summary, {}), tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = read_page(html)
    assert "the <b>limit</b> is too low" in page.text
    assert "<b>" not in html
    assert (tmp_path / "report.xlsx").exists()


def test_every_chart_names_its_source_and_the_unit_of_each_figure(run_charts: Any) -> None:
    specs = embedded(run_charts)["charts"]
    assert len(specs) >= 3
    for name, found in specs.items():
        tips = list(tooltips(found))
        assert tips, name
        for tip in tips:
            assert [line["field"] for line in tip][-1] == "source", name
            for line in tip:
                if line["type"] == "quantitative" and "%" not in line.get("format", ""):
                    assert UNITS.search(line["title"]), (name, line["title"])


UNITS = re.compile(r"MUSD|bn USD|t/y|\bt\b|\btimes\b|^(from|to|year|draws|debt|cover)")


def tooltips(spec: Any) -> Iterator[list[dict[str, Any]]]:
    if isinstance(spec, dict):
        if isinstance(spec.get("tooltip"), list):
            yield spec["tooltip"]
        for inner in spec.values():
            yield from tooltips(inner)
    elif isinstance(spec, list):
        for inner in spec:
            yield from tooltips(inner)


@pytest.fixture(scope="module")
def run_charts(report: Report) -> list[Any]:
    return charts_of(report.front, report.chapters)


def test_data_of_charts_stand_once_on_the_page(written: Path) -> None:
    data = chart_data((written / "report.html").read_text(encoding="utf-8"))
    texts = [json.dumps(found, sort_keys=True) for found in data["datasets"].values()]
    assert len(texts) == len(set(texts)) > 3
    assert not any(
        "values" in json.dumps(found) and '"datasets"' in json.dumps(found)
        for found in data["charts"].values()
    )


def test_every_chart_names_its_source_beside_it(written: Path, page: PageText) -> None:
    html = (written / "report.html").read_text(encoding="utf-8")
    figures = [part.split("</figure>", 1)[0] for part in html.split("<figure>")[1:]]
    assert len(figures) > 2
    for one in figures:
        assert '<details class="source">' in one and '<details class="data">' in one
    assert "Run of starter, inputs" in page.text


def test_a_long_table_is_cut_and_names_its_file(plan: Plan) -> None:
    long = pd.DataFrame({"year": range(2000, 2080), "t": 1.5})
    table = ReportTable(
        title="Long",
        columns=[text("year"), figures("t", "amount", "t")],
        frame=long,
        file="tables/long.csv",
    )
    html = render(Front(kind="k", title="t"), [Chapter(anchor="a", title="A", parts=[table])])
    page = read_page(html)
    assert page.tags.count("tr") == 51 and "The first 50 of 80 rows" in page.text
    assert ("a", "href", "tables/long.csv") in page.attributes


def words(text: str) -> list[str]:
    return re.findall(r"[\w’'%-]+", text)


def too_long(titles: list[str]) -> list[str]:
    """Titles of too many words; a number with a decimal point is one word."""
    return [
        title
        for title in titles
        if len(words(re.sub(r"(?<=\d)[.,](?=\d)", "", title))) > MOST_IN_A_TITLE
    ]


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", text) if part]


def test_sentences_and_titles_are_short(report: Report) -> None:
    found = report.chapters
    texts = [card.note for card in report.front.cards]
    for chapter in found:
        texts += [chapter.lead, *(told for part in chapter.parts for told in words_of(part))]
    long = [s for text in texts for s in sentences(text) if len(words(s)) > MOST_IN_A_SENTENCE]
    assert long == []
    assert [text for text in texts if len(words(text)) > MOST_IN_A_BLOCK] == []
    assert too_long([chart.title for chart in charts_of(report.front, found)]) == []


def test_few_words_stand_before_the_annex(written: Path) -> None:
    html = (written / "report.html").read_text(encoding="utf-8")
    shown = html[html.index("<main") : html.index('id="annex"')]
    folded = re.sub(r"<details class=\"(data|source)\">.*?</details>", "", shown, flags=re.S)
    assert 100 < len(words(re.sub(r"<[^>]+>", " ", folded))) <= MOST_WORDS


def test_every_chart_keeps_to_the_schema_of_vega_lite(run_charts: list[Any]) -> None:
    for chart in run_charts:
        chart.spec.to_dict(validate=True)
