"""Where the cases and models that come with the planner are, and how a user's own workspace is laid out."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from planner.errors import RunFolderError, refuse_unknown, refused

_PACKAGED = Path(__file__).parent / "_workspace"
_CHECKOUT = Path(__file__).parents[1]
STARTER = "starter"
_LINK = re.compile(r"(?P<image>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]*)\)")


def shipped() -> Path:
    """Folder with `inputs/` and `models/`: inside the installed package, or the checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def shipped_cases() -> list[str]:
    """Names of the cases that come with the planner."""
    return sorted(path.name for path in (shipped() / "inputs").iterdir() if path.is_dir())


def copy_case(case: str, folder: Path) -> None:
    """Copy every file of a case into a new folder.

    case: a path, the name of a case that comes with the planner, or its first word (`allied` for `allied-2026`).
    Raises InputError for an unknown case, RunFolderError for a folder that cannot be written.
    """
    source = Path(case)
    if not source.is_dir():
        names = {name.partition("-")[0]: name for name in shipped_cases()}
        names |= {name: name for name in shipped_cases()}
        refuse_unknown("--from", "case", case, names)
        source = shipped() / "inputs" / names[case]
    try:
        shutil.copytree(source, folder)
        for page in folder.rglob("*.md"):
            page.write_text(_live_links(page), encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error


def lay_out(folder: Path, case: str = STARTER) -> Path:
    """Make `folder` a workspace: inputs/<case>, models/, reports/. Returns the case folder.

    Raises InputError for an unknown case, RunFolderError if the folder exists and is not empty.
    """
    refuse_unknown("--case", "case", case, shipped_cases())
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunFolderError(
            f"{folder}: exists and is not an empty folder; nothing was written. Go on in it, or name another folder"
        )
    try:
        shutil.copytree(shipped() / "inputs" / case, folder / "inputs" / case)
        shutil.copy(shipped() / "inputs" / "README.md", folder / "inputs" / "README.md")
        shutil.copytree(shipped() / "models", folder / "models")
        (folder / "reports").mkdir()
        for page in folder.rglob("*.md"):
            page.write_text(_live_links(page), encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error
    return folder / "inputs" / case


def _live_links(page: Path) -> str:
    """The text of a page; where a link leads to what the workspace lacks, its words alone."""

    def kept(link: re.Match[str]) -> str:
        target = link["target"].partition("#")[0]
        here = "://" in target or not target or (page.parent / target).exists()
        return link[0] if here else "" if link["image"] else link["words"]

    return _LINK.sub(kept, page.read_text(encoding="utf-8"))


def find_case(path: Path) -> Path:
    """The case meant by a path: the path itself, that of a run folder, or the only one of a workspace."""
    inputs = path / "inputs"
    if inputs.is_dir() and (path / "summary.json").is_file():
        return inputs
    if not inputs.is_dir() or any(path.glob("*.csv")):
        return path
    cases = sorted(p for p in inputs.iterdir() if p.is_dir() and any(p.glob("*.csv")))
    if len(cases) == 1:
        return cases[0]
    names = ", ".join(str(case) for case in cases)
    raise refused("", str(path), f"is a workspace with {len(cases)} cases; name one: {names}")
