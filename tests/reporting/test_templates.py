"""Templates of sentences: what a name in them means."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import planner

FOLDER = Path(planner.__file__).parent
SENTENCES = sorted(FOLDER.rglob("templates/text/*.j2"))


@pytest.mark.parametrize("path", SENTENCES, ids=lambda path: path.stem)
def test_no_passage_hides_a_figure_of_its_name(path: Path) -> None:
    """Inside a template a macro hides the value that is called as it is; what is called is the macro."""
    template = Environment(
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True
    ).parse(path.read_text(encoding="utf-8"))
    macros = list(template.find_all(nodes.Macro))
    called = {id(call.node) for call in template.find_all(nodes.Call)}
    names = {macro.name for macro in macros}
    for macro in macros:
        own = {argument.name for argument in macro.args}
        for name in macro.find_all(nodes.Name):
            if name.ctx == "load" and name.name not in own and id(name) not in called:
                assert name.name not in names, f"{path.name}:{name.lineno}: {name.name}"
