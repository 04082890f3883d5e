"""The report as it is used: pointer, keyboard, phone, print, without script, with an accessibility checker."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import open_page

SERIOUS = ("serious", "critical")


def amounts(cells: Locator) -> list[float]:
    return [float(text.replace(",", "")) for text in cells.all_inner_texts()]


def test_every_chart_is_drawn(page: Page) -> None:
    for details in page.locator("details.fold").all():
        details.evaluate("node => { node.open = true; }")
    page.evaluate(
        "document.querySelectorAll('.panel[hidden]').forEach(panel => { panel.hidden = false; })"
    )
    drawn = page.evaluate(
        """[...document.querySelectorAll('svg')].filter(svg => !svg.closest('.phone')).map(svg => {
            const box = svg.getBoundingClientRect();
            const ink = [...svg.querySelectorAll('path,line,rect,circle')].filter(n => n.getBoundingClientRect().width
                + n.getBoundingClientRect().height > 1).length;
            return [svg.getAttribute('aria-label'), box.width > 100 && box.height > 30, ink,
                    svg.querySelectorAll('[data-tip]').length]; })"""
    )
    assert len(drawn) > 20
    assert [
        label for label, visible, ink, marks in drawn if not (visible and ink > 2 and marks)
    ] == []


def test_a_phone_has_drawings_of_its_own_at_their_full_size(browser: Browser, report: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = open_page(context, report, [])
    sizes = page.evaluate(
        """[...document.querySelectorAll('.phone svg')].map(svg => [svg.getBoundingClientRect().width,
            svg.viewBox.baseVal.width, svg.closest('.panel').querySelector('.desk').getBoundingClientRect().width])"""
    )
    context.close()
    assert sizes and all(0.9 * drawn <= width <= 390 and desk == 0 for width, drawn, desk in sizes)


def test_charts_the_report_must_have(page: Page) -> None:
    titles = page.locator("h3, summary").all_inner_texts()
    for title in (
        "Demand and what is met of it, t a year",
        "Where it comes from, t a year",
        "Who pays",
        "Capacity and its use",
    ):
        assert title in titles


@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_scrolls_sideways(browser: Browser, report: Path, width: int) -> None:
    faults: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = open_page(context, report, faults)
    for details in page.locator("details").all():
        details.evaluate("node => { node.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    mark = page.locator("#decision [data-tip]").last
    mark.scroll_into_view_if_needed()
    mark.hover(force=True)
    expect(page.locator("#tip")).to_be_visible()
    box = page.locator("#tip").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert faults == []


def test_pointer_shows_figures_and_source_and_copies_it(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    mark = page.locator("#decision svg [data-tip]").first
    mark.hover()
    tip = page.locator("#tip")
    expect(tip).to_contain_text(mark.get_attribute("data-tip") or "nothing")
    expect(tip.locator(".from")).to_contain_text(f": {mark.get_attribute('data-from')}")
    expect(tip.locator(".from")).to_contain_text("Run of starter, inputs")
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    mark.click()
    tip.get_by_role("button", name="Copy source").click()
    expect(tip.get_by_role("button")).to_have_text("Copied")
    assert (mark.get_attribute("data-tip") or "nothing") in page.evaluate(
        "navigator.clipboard.readText()"
    )
    page.locator("h1").click()
    expect(tip).to_be_hidden()


def test_labels_do_not_keep_the_pointer_from_a_cell(page: Page) -> None:
    chart = page.locator("#decision svg").first
    label = chart.locator("text").filter(has_text=re.compile(r"^\d{1,3}$")).last
    chart.scroll_into_view_if_needed()
    box = label.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#tip")).to_contain_text("in use")


def test_keyboard_goes_through_the_marks_of_a_chart(page: Page) -> None:
    chart = page.locator("#decision svg").first
    marks = chart.locator("[data-tip]")
    tip = page.locator("#tip")
    page.locator("#decision h2").evaluate("node => { node.tabIndex = -1; node.focus(); }")
    for _ in range(6):
        page.keyboard.press("Tab")
        if chart.evaluate("svg => svg.contains(document.activeElement)"):
            break
    expect(marks.nth(0)).to_be_focused()
    expect(tip).to_contain_text(marks.nth(0).get_attribute("data-tip") or "nothing")
    for key, at in (
        ("ArrowRight", 1),
        ("ArrowDown", 2),
        ("ArrowLeft", 1),
        ("End", marks.count() - 1),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        expect(marks.nth(at)).to_be_focused()
        expect(tip).to_contain_text(marks.nth(at).get_attribute("data-tip") or "nothing")
    assert chart.locator('[tabindex="0"]').count() == 1
    page.keyboard.press("Enter")
    expect(tip.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(tip.get_by_role("button")).to_have_text("Copied")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    expect(marks.nth(0)).to_be_focused()
    page.keyboard.press("Tab")
    assert not chart.evaluate("svg => svg.contains(document.activeElement)")


def test_choosers_pick_panels_by_list_button_and_keyboard(page: Page) -> None:
    figure = page.locator("figure", has_text="Import: CHN")
    shown = figure.locator(".panel:visible h4")
    future, good = (figure.get_by_label(name, exact=True) for name in ("Future", "Good"))
    for chooser in (future, good):
        chooser.select_option(index=1)
    expect(shown).to_have_count(1)
    first = shown.inner_text()
    figure.get_by_role("button", name="next future").click()
    expect(shown).not_to_have_text(first)
    figure.get_by_role("button", name="previous future").press("Enter")
    expect(shown).to_have_text(first)
    future.select_option("“No cut”")
    expect(shown).to_contain_text("No cut")
    future.select_option("all")
    expect(shown).to_have_count(future.locator("option").count() - 1)


def test_every_chooser_shows_something_for_every_option(page: Page) -> None:
    for figure in page.locator("figure:has(.choosers)").all():
        for details in figure.locator("xpath=ancestor::details").all():
            details.evaluate("node => { node.open = true; }")
        for select in figure.locator("select").all():
            before = select.input_value()
            for option in select.locator("option").all_inner_texts():
                select.select_option(option)
                assert figure.locator(".panel:not([hidden])").count() >= 1, option
            select.select_option(before)


def test_tables_sort_by_pointer_and_keyboard(page: Page) -> None:
    page.locator("details", has_text="Loss and shortfall by future").last.evaluate(
        "node => { node.open = true; }"
    )
    table = page.get_by_role("region", name="Loss and shortfall by future").locator("table")
    head = table.locator("th", has_text="loss with the plan")
    at = table.locator("th").all_inner_texts().index(head.inner_text()) + 1
    cells = table.locator(f"tbody tr:not(.total) td:nth-child({at})")
    given = amounts(cells)
    head.get_by_role("button").click()
    assert amounts(cells) == sorted(given)
    expect(head).to_have_attribute("aria-sort", "ascending")
    head.get_by_role("button").press("Enter")
    assert amounts(cells) == sorted(given, reverse=True)
    head.get_by_role("button").press("Space")
    assert amounts(cells) == given
    assert head.get_attribute("aria-sort") is None


def test_total_stays_last_when_a_table_is_sorted(page: Page) -> None:
    table = page.get_by_role("region", name="Plants to commit").locator("table")
    table.locator("th", has_text="project").get_by_role("button").click()
    names = table.locator("tbody tr td:first-child").all_inner_texts()
    assert names[-1] == "All" and names[:-1] == sorted(names[:-1])


def test_tables_filter(page: Page) -> None:
    page.locator("details", has_text="Run facts").last.evaluate("node => { node.open = true; }")
    field = page.get_by_label("Filter: Run facts")
    field.focus()
    page.keyboard.type("certificate")
    rows = page.get_by_role("region", name="Run facts").locator("tbody tr:visible")
    assert rows.count() == 3
    assert all("certificate" in text for text in rows.all_inner_texts())
    expect(page.locator(".filter output").filter(has_text="3 of")).to_be_visible()
    field.fill("")
    assert rows.count() > 10


def test_sources_open_by_keyboard_and_copy(page: Page) -> None:
    source = page.locator(".card", has_text="Risk").locator("details.source").first
    source.locator("summary").press("Enter")
    expect(source.locator("p")).to_contain_text("summary.json: risk_musd")
    source.get_by_role("button", name="Copy source").press("Enter")
    expect(source.get_by_role("button")).to_have_text("Copied")


def test_page_is_complete_without_script(browser: Browser, report: Path) -> None:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator(".panel[hidden], button, select, input").count() == 0
    panels = page.locator(".panel").count()
    assert page.locator(".panel > .scroll > svg").count() == panels > 20
    assert page.locator("details.source > p").first.inner_text() is not None
    context.close()


def test_print_shows_no_controls(page: Page) -> None:
    page.emulate_media(media="print")
    for part in (".choosers", ".filter", "nav", "#tip", "details.source"):
        assert page.locator(f"{part}:visible").count() == 0


@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_no_serious_fault(browser: Browser, report: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = open_page(context, report, [])
    page.locator("#decision svg [data-tip]").first.click()
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    faults = [
        (v["id"], [n["html"][:160] for n in v["nodes"][:3]])
        for v in found
        if v["impact"] in SERIOUS
    ]
    context.close()
    assert faults == []
