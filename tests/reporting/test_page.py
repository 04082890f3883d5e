"""report.html: self-contained, escaped, complete, and in agreement with the tables."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import shutil
from pathlib import Path

import pytest

import planner
from planner.reporting.pages.run import front, render_page, sections, write_pages
from planner.reporting.values.page_parts import Figure, ReportTable, Text
from planner.reporting.values.run_view import run_view
from planner.reporting.values.wording import money, number
from planner.results.plan import PlanValues, Status
from tests.cases import stored
from tests.reporting.conftest import STARTER, PageText, read_page

SECTIONS = (
    *("answer", "now", "shares", "decision", "short", "unknown"),
    *("plan", "supply", "shortage", "money", "allies", "staff", "limits", "inputs"),
)
MOST_WORDS, MOST_IN_A_SENTENCE, MOST_IN_A_TITLE = 350, 30, 12
HOSTILE = '<script>alert(1)</script>"&'
FORMULA = "=HYPERLINK(1)"


def test_page_reaches_nothing_outside(page: PageText) -> None:
    assert not {"link", "iframe", "img", "object", "embed", "base", "form"} & set(page.tags)
    links = [
        value
        for _, name, value in page.attributes
        if name in ("href", "src", "xlink:href", "action", "data")
    ]
    assert links and all(value.startswith("#") for value in links)
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
    assert len(scripts) == page.tags.count("script") == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode("utf-8")).digest()).decode("ascii")
    assert policies == [
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    ]
    assert not re.search(
        r"\b(?:eval|fetch|XMLHttpRequest|WebSocket|import|innerHTML|Function)\b", scripts[0]
    )


def test_all_sections_in_order_and_linked(page: PageText) -> None:
    anchors = [value for tag, name, value in page.attributes if tag == "section" and name == "id"]
    assert tuple(anchors) == SECTIONS
    links = {value for tag, name, value in page.attributes if tag == "a" and name == "href"}
    assert links == {f"#{anchor}" for anchor in SECTIONS[1:]}


def test_ids_are_unique_and_drawings_are_described(page: PageText) -> None:
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    labels = [
        value.split()
        for tag, name, value in page.attributes
        if tag == "svg" and name == "aria-labelledby"
    ]
    assert len(labels) == page.tags.count("svg") > 10
    assert all(label in ids for pair in labels for label in pair)
    used = {u for _, _, value in page.attributes for u in re.findall(r"url\(#([^)]+)\)", value)}
    assert used <= set(ids)


def test_run_read_back_gives_the_same_page(plan: PlanValues, written: Path, tmp_path: Path) -> None:
    again = planner.open_run(stored(plan, tmp_path / "run"))
    assert render_page(run_view(again)) == (written / "report.html").read_text(encoding="utf-8")


def test_run_times_are_not_on_the_page(plan: PlanValues, page: PageText) -> None:
    assert "seconds" not in page.text.lower()
    slower = dataclasses.replace(plan, summary=plan.summary | {"seconds": {"load": 1.0}})
    assert slower.summary["seconds"] != plan.summary["seconds"]


def test_figures_agree_with_the_tables(plan: PlanValues, page: PageText) -> None:
    spent = plan.tables["spending"]
    tips = " ".join(value for _, name, value in page.attributes if name == "data-tip")
    for amount in spent.groupby(["funder", "year"])["expected"].sum():
        assert number(float(amount)) in tips
    assert number(float(spent["expected"].sum())) in page.text
    built = plan.tables["investments"]
    for column in ("tpa", "capex_musd"):
        assert all(number(float(value)) in page.text for value in built[column])
    assert number(float(built["capex_musd"].sum())) in page.text
    for key in ("risk_musd", "least_risk_musd", "cost_musd", "public_spend_musd"):
        assert money(plan.summary[key]) in page.text
    assert money(plan.summary["without_plan"]["risk_musd"]) in page.text
    for key in ("expected_loss_musd", "cvar_musd"):
        assert (
            number(plan.summary[key]) in page.text
            and number(plan.summary["without_plan"][key]) in page.text
        )


def test_names_stand_in_for_ids(page: PageText) -> None:
    outside = page.text.split("Every input and its source")[
        1
    ]  # the first mention is in the contents
    body = page.text[: page.text.rindex("Every input and its source")]
    assert outside
    for raw in ("desert_mine", "coast_plant", "metal_works", "aus_school"):
        assert raw not in body
    for name in ("Desert mine", "Coast separation plant", "All exports stopped 2029-2030"):
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
    return render_page(run_view(dataclasses.replace(plan, status=Status.UNPROVEN)))


def test_inputs_show_source_and_confidence_least_sure_first(odd: str) -> None:
    table = odd[odd.index("<summary>Demand:") :]
    assert "1 of them unsure" in table[:300]
    assert table.index("hearsay") < table.index("a report")
    assert 'class="unsure"' in table[: table.index("hearsay")]


@pytest.mark.parametrize("text", [HOSTILE, FORMULA])
def test_text_of_inputs_is_data(odd: str, text: str) -> None:
    page = read_page(odd)
    assert page.tags.count("script") == odd.count("<script") == 1
    assert page.texts.count(text) > 3
    assert sum(text in value for _, name, value in page.attributes if name == "data-tip") > 3
    labels = [value for _, name, value in page.attributes if name == "aria-label"]
    assert labels


def test_unproven_run_warns(odd: str) -> None:
    assert "did not end with a proven optimum" in read_page(odd).text


def test_no_table_cell_spills_out_of_a_scroller(page: PageText) -> None:
    assert page.tags.count("table") == sum(
        1 for tag, name, value in page.attributes if tag == "div" and name == "aria-label"
    )


def test_run_without_a_plan_gives_its_reasons(plan: PlanValues, tmp_path: Path) -> None:
    summary = {
        "status": "infeasible",
        "case": "starter",
        "goal": "target",
        "reasons": ["the <b>limit</b> is too low"],
    }
    write_pages(PlanValues(plan.case, Status.INFEASIBLE, summary, {}), tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = read_page(html)
    assert "the <b>limit</b> is too low" in page.text
    assert "<b>" not in html
    assert (tmp_path / "report.xlsx").exists()


def test_marks_say_their_figures_and_the_rows_they_come_from(
    plan: PlanValues, written: Path, page: PageText
) -> None:
    said = {
        name: [v for _, n, v in page.attributes if n == name] for name in ("data-tip", "data-from")
    }
    assert len(said["data-tip"]) == len(said["data-from"]) > 150
    columns = {name: set(table.columns) for name, table in plan.tables.items()}
    found = 0
    for source in said["data-from"]:
        for name, where in re.findall(
            r"tables/(\w+)\.csv(?:, rows with ([^;,]+=[^;,]+(?:, [^;,]+=[^;,]+)*))?", source
        ):
            for column, value in (pair.split("=", 1) for pair in where.split(", ") if pair):
                assert column in columns[name], source
                assert value in set(plan.tables[name][column].astype(str)), source
                found += 1
    assert found > 400


def test_every_figure_card_and_sentence_names_its_source(written: Path, page: PageText) -> None:
    html = (written / "report.html").read_text(encoding="utf-8")
    for start, end in (("<figcaption>", "</figcaption>"), ('<div class="card">', "</div>")):
        parts = [part.split(end, 1)[0] for part in html.split(start)[1:]]
        assert len(parts) > 3
        assert all('<details class="source">' in part for part in parts)
    assert "Run of starter, inputs" in page.text


def test_a_loss_told_by_a_mark_is_the_one_of_the_run(plan: PlanValues, page: PageText) -> None:
    tips = [value for _, name, value in page.attributes if name == "data-tip"]
    for scenario, loss in plan.summary["scenario_loss_musd"].items():
        name = next(r.name for r in plan.case.tables.scenarios if r.scenario == scenario)
        told = [tip for tip in tips if name in tip and "with the plan: " in tip and "MUSD" in tip]
        assert told and all(f"with the plan: {number(loss)} MUSD" in tip for tip in told)


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


def test_before_the_first_drawing_there_are_few_words(written: Path) -> None:
    html = (written / "report.html").read_text(encoding="utf-8")
    before = re.sub(
        r"<(style|script).*?</\1>",
        " ",
        html[html.index("<body") : html.index("<svg")],
        flags=re.DOTALL,
    )
    assert 60 < len(words(re.sub(r"<[^>]+>", " ", before))) <= MOST_WORDS


def test_sentences_and_titles_are_short(plan: PlanValues) -> None:
    run = run_view(plan)
    begin, chapters = front(run), sections(run)
    texts = [begin.question, begin.claim, *begin.lines]
    for section in chapters:
        texts += [
            section.lead,
            *(p for part in section.parts if isinstance(part, Text) for p in part.paragraphs),
        ]
        texts += [part.caption for part in section.parts if isinstance(part, Figure)]
        texts += [part.note for part in section.parts if isinstance(part, ReportTable)]
    long = [s for text in texts for s in sentences(text) if len(words(s)) > MOST_IN_A_SENTENCE]
    assert long == []
    titles = [
        part.title for section in chapters for part in section.parts if isinstance(part, Figure)
    ]
    assert too_long([begin.claim, *titles]) == []


def test_decision_charts_claim_a_figure(plan: PlanValues) -> None:
    by_anchor = {section.anchor: section for section in sections(run_view(plan))}
    for anchor in ("answer", "decision", "short"):
        (title, *_) = [part.title for part in by_anchor[anchor].parts if isinstance(part, Figure)]
        assert re.search(r"\d", title), title
