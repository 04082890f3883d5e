"""MkDocs hooks: pages of the site that are generated or live elsewhere, figures from runs, formulas as MathML.

What a tutorial or a guide tells to type is done (`docs/lessons.py`), and what it prints and draws stands below it.
A page of the site quotes a figure as `{{run:KEY}}` or `{{run:KEY:FORMAT}}`, e.g. `{{starter:risk_musd:,.0f}}`: it is read
from the committed run of that name in `reports/reference`, so that no text is older than its program.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import altair
import typer
import vl_convert
from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.cli import get_docs_for_click

from docs.lessons import Show, worked
from docs.warnings_page import warnings_page
from planner.cli import COMMANDS, app

ROOT = Path(__file__).resolve().parents[1]
RUNS = {"starter": "starter-base", "real": "allied-2026"}
"""Name in a text -> committed run in `reports/reference`, or file of headline figures there."""
COPIED = {
    "reference/tables.md": "inputs/README.md",
    "reference/results.md": "reports/README.md",
    "reference/formulation.md": "models/formulation.md",
    "reference/model-file.md": "models/README.md",
    "reference/studies.md": "models/studies/README.md",
    "reference/study-keys.md": "models/studies/REFERENCE.md",
    "explanation/real-case.md": "inputs/allied-2026/README.md",
    "working/changelog.md": "CHANGELOG.md",
    "working/contributing.md": "CONTRIBUTING.md",
}
"""Page of the site -> where its one source is in the checkout."""
LESSONS = ("tutorials/", "how-to/", "reference/charts.md")
"""How the places of pages begin whose blocks are run."""
UNHEARD = ("ipyparallel not installed", "IProgress not found")
"""How warnings begin of what other libraries could use and no notebook here does."""
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_FIGURE = re.compile(r"\{\{(\w+):([\w.]+)(?::([^}]*))?\}\}")
_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_INLINE = re.compile(r"(?<![\\$`])\$([^$\n]+?)\$(?!\d)")
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)


def on_pre_build(config: MkDocsConfig) -> None:
    """Work from the folder of the notebooks: a kernel starts in the current folder, and their paths are from there.

    Kernels have settings of their own, not those of whoever builds, and speak of errors alone: each warns that what it
    says to this process, on this machine, is not encrypted.
    """
    os.chdir(ROOT / "docs" / "notebooks")
    profile = ROOT / "build" / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    settings = 'c = get_config()\nc.IPKernelApp.log_level = "ERROR"\n'
    (profile / "ipython_kernel_config.py").write_text(settings, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(profile.parent)
    os.environ["PYTHONWARNINGS"] = ",".join(f"ignore:{said}" for said in UNHEARD)


@event_priority(100)  # before the plugin that takes notebooks for pages
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages whose source is elsewhere in the checkout, notebooks, and pages made of the code."""
    for path in sorted((ROOT / "docs" / "notebooks").glob("*.py")):
        place = f"notebooks/{path.name}"
        files.append(File(place, str(ROOT / "docs"), config.site_dir, use_directory_urls=False))
    sources = COPIED | {
        f"working/decisions/{path.name}": str(path.relative_to(ROOT))
        for path in sorted((ROOT / "models" / "decisions").glob("*.md"))
    }
    for uri, source in sources.items():
        path = ROOT / source
        if path.exists():
            text = _links_within_site(path.read_text(encoding="utf-8"), path, uri, sources)
            files.append(File.generated(config, uri, content=text))
    files.append(File.generated(config, "reference/commands.md", content=commands_page()))
    files.append(File.generated(config, "reference/warnings.md", content=warnings_page()))
    return files


def _links_within_site(text: str, path: Path, uri: str, sources: dict[str, str]) -> str:
    """The text of a page with links to other pages of the site; links to other files keep their words alone."""
    pages = {str(ROOT / source): page for page, source in sources.items()}

    def linked(found: re.Match[str]) -> str:
        image, words, target = found.groups()
        if "://" in target or target.startswith("#"):
            return found[0]
        file, _, anchor = target.partition("#")
        page = pages.get(str((path.parent / file).resolve()))
        if page is None:
            return "" if image else words
        up = "../" * (uri.count("/"))
        return f"[{words}]({up}{page}{'#' + anchor if anchor else ''})"

    return _LINK.sub(linked, text)


def commands_page() -> str:
    """Every command with its arguments and options, from the command line itself."""
    group = typer.main.get_command(app)
    context = typer.Context(group)
    parts = ["# Commands\n", "`planner COMMAND --help` prints the same.\n"]
    for name in COMMANDS:
        command = group.get_command(context, name)  # type: ignore[attr-defined]
        command.name = name
        text = get_docs_for_click(
            obj=command, ctx=context, name=name, call_prefix="planner", indent=1
        )
        parts.append(text)
    return "\n".join(parts)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put what is printed and drawn, figures of runs and formulas in their places; code stays as it is."""
    place = page.file.src_uri
    if place.startswith(LESSONS):
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            markdown = worked(markdown, _into_site(place, config, files))
    pieces = _CODE.split(markdown)
    shown = [piece if _CODE.fullmatch(piece) else _shown(piece) for piece in pieces]
    return "".join(shown)


def _into_site(place: str, config: MkDocsConfig, files: Files) -> Show:
    """A function that adds a chart to the site as a picture, and gives the Markdown that shows it on a page."""
    drawn: list[str] = []

    def show(title: str, chart: altair.TopLevelMixin) -> str:
        drawn.append(title)
        name = f"charts/{place.removesuffix('.md').replace('/', '-')}-{len(drawn)}.svg"
        picture = vl_convert.vegalite_to_svg(chart.to_dict())
        files.append(File.generated(config, name, content=picture))
        image = f"![{title or 'Chart'}]({'../' * place.count('/')}{name}){{ .chart }}"
        return f"{image}\n*{title}*" if title else image

    return show


def on_post_build(config: MkDocsConfig) -> None:
    """Put the index of the search into a script too: a page that is opened from a file may not read other files."""
    folder = Path(config.site_dir) / "search"
    index = (folder / "search_index.json").read_text(encoding="utf-8")
    (folder / "search_index.js").write_text(f"var __index = {index}", encoding="utf-8")


def _shown(text: str) -> str:
    text = _FIGURE.sub(lambda found: figure(found[1], found[2], found[3] or ""), text)
    text = _DISPLAY.sub(lambda found: f"\n\n{convert(found[1], display='block')}\n\n", text)
    # A span, since a formula that begins a line would end the paragraph.
    return _INLINE.sub(lambda found: f"<span>{convert(found[1])}</span>", text)


def figure(run: str, key: str, form: str = "") -> str:
    """A figure of a committed run: its dotted key, in a format of Python. Raises KeyError where there is none."""
    value: Any = _run(run)
    for part in key.split("."):
        value = value[part]
    return format(value, form)


@cache
def _run(name: str) -> Any:
    place = ROOT / "reports" / "reference" / RUNS[name]
    file = place / "summary.json" if place.is_dir() else place.with_suffix(".json")
    return json.loads(file.read_text(encoding="utf-8"))
