"""The data package of the real case: every table, column, bound and reference, as Frictionless reads it."""

from __future__ import annotations

import frictionless

from docs.data_package import datapackage, package_of
from planner.data.schema import TABLES
from tests.system.quoted import FOLDER


def test_the_package_lists_every_table_column_bound_and_reference() -> None:
    found = {resource["name"]: resource["schema"] for resource in datapackage("case")["resources"]}
    assert list(found) == [table.name for table in TABLES]
    share = next(field for field in found["feeds"]["fields"] if field["name"] == "share")
    assert share["type"] == "number"
    assert share["constraints"] == {"required": True, "minimum": 0, "maximum": 1}
    country = {"fields": "country", "reference": {"resource": "countries", "fields": "country"}}
    assert country in found["demand"]["foreignKeys"]
    header = (FOLDER / "countries.csv").read_text().splitlines()[0]
    ours = next(one for one in package_of(FOLDER)["resources"] if one["name"] == "countries")
    assert [field["name"] for field in ours["schema"]["fields"]] == header.split(",")


def test_frictionless_accepts_the_real_case() -> None:
    report = frictionless.validate(str(FOLDER / "datapackage.json"))
    assert report.valid, report.flatten(["name", "fieldName", "note"])[:5]
