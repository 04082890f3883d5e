"""One thing wrong in a study file gives exactly one finding, at its line and key, with a remedy."""

from __future__ import annotations

from pathlib import Path

import planner
from planner.errors import InputError
from planner.studies.points import check_study
from planner.studies.study_file import read_study
from tests.faults.conftest import STARTER
from tests.faults.study_mutations import STUDY, study_faults


def test_every_single_fault_of_a_study_file_is_found_once_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    case = planner.load(STARTER)
    path.write_text(STUDY)
    check_study(read_study(path), case)
    wrong: list[str] = []
    faults = list(study_faults())
    assert len(faults) >= 270 and len({fault.name for fault in faults}) == len(faults)
    for fault in faults:
        path.write_text(fault.applied(str(STARTER)))
        try:
            check_study(read_study(path), case)
        except InputError as error:
            (found, *more) = error.faults
            if (
                more
                or (found.line, found.column) != (fault.line, fault.column)
                or fault.says not in str(found)
            ):
                wrong.append(f"{fault}: {' | '.join(map(str, error.faults))}")
            if not (found.remedy and found.rule):
                wrong.append(f"{fault}: no remedy: {found}")
        else:
            wrong.append(f"{fault}: passes")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)
