"""Numbers to pages: charts, HTML and workbook, from results only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.reporting.pages import run as run_pages
else:

    def __getattr__(name: str) -> Any:
        """`run_pages`, imported with the first page (PEP 562): charts and templates take half a second."""
        if name != "run_pages":
            raise AttributeError(f"module 'planner.reporting' has no attribute {name!r}")
        return import_module("planner.reporting.pages.run")


__all__ = ["run_pages"]
