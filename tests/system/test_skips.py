"""Where every program is installed a skipped test fails, but for reasons that lie in the machine."""

from __future__ import annotations

import pytest

from tests.conftest import MAY_BE_SKIPPED, _must_run


@pytest.mark.parametrize(
    ("required", "why", "outcome"),
    [
        ("1", "no Chromium on this machine", "failed"),
        ("1", MAY_BE_SKIPPED[0], "skipped"),
        ("", "no Chromium on this machine", "skipped"),
    ],
)
def test_a_skipped_test_fails_where_all_are_required(
    monkeypatch: pytest.MonkeyPatch, required: str, why: str, outcome: str
) -> None:
    monkeypatch.setenv("REQUIRE_ALL", required)
    place = ("test_a.py", 1, f"Skipped: {why}")
    report = pytest.TestReport("test_a.py::test", place, {}, "skipped", place, "setup")
    _must_run(report)
    assert report.outcome == outcome
    assert ("a test was skipped" in str(report.longrepr)) == (outcome == "failed")
