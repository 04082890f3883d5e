"""One thing wrong gives exactly one finding, at its place, with rule and remedy; nothing passes or cascades."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.errors import RULES, Fault, InputError
from tests.cases import LONG
from tests.faults.books import write_book
from tests.faults.conftest import STARTER, read_text, write_text
from tests.faults.mutations import KEY_FAULTS, Mutation, Text, all_mutations, mutated
from tests.faults.slips import FAULT, SILENT, outcomes


def faults_of(path: Path, **options: object) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as caught:
        planner.load(path, **options)
    return caught.value.faults


def complaints(mutation: Mutation, found: tuple[Fault, ...], place: str) -> list[str]:
    """What is wrong with the findings, if anything."""
    if len(found) != 1:
        return [f"{mutation}: {len(found)} findings: " + " | ".join(map(str, found))]
    fault = found[0]
    wanted = (place, mutation.line, mutation.column, mutation.rule)
    out = []
    if (fault.place, fault.line, fault.column, fault.rule) != wanted:
        out.append(f"{mutation}: {fault!r} instead of {wanted}")
    if mutation.says not in fault.message:
        out.append(f"{mutation}: {mutation.says!r} not in {fault.message!r}")
    if not fault.remedy:
        out.append(f"{mutation}: no remedy")
    return out


def test_the_corpus_is_large_and_breaks_every_rule_of_tables(base: Text) -> None:
    mutations = all_mutations(base)
    assert len(mutations) + len(KEY_FAULTS) >= 1_500
    assert len({m.name for m in mutations}) == len(mutations)
    elsewhere = {
        "no-such-case",
        "unreadable",
        "double-table",
        "encoding",
        "delimiter",
        "bad-csv",
        "too-large",
        "beyond-solver",
        "bad-workbook",
        "merged-cells",
        "formula-without-value",
        "no-such-file",
        "bad-toml",
        "repeated-key",
        "no-such-row",
        "override",
    }
    assert (
        set(RULES["faults"]) - {m.rule for m in mutations} - {rule for _, rule, _, _ in KEY_FAULTS}
        <= elsewhere
    )


def test_every_single_fault_of_a_folder_is_found_once_at_its_place(
    base: Text, tmp_path: Path
) -> None:
    wrong: list[str] = []
    folder = write_text(base, tmp_path / "case")
    for mutation in all_mutations(base)[:: 1 if LONG else 10]:
        text = mutated(base, mutation)
        changed = {name for name in {*text, *base} if text.get(name) != base.get(name)}
        write_text({name: text[name] for name in changed & text.keys()}, folder)
        for name in changed - text.keys():
            (folder / f"{name}.csv").unlink()
        try:
            planner.load(folder)
        except InputError as error:
            wrong += complaints(mutation, error.faults, f"{mutation.table}.csv")
        else:
            wrong.append(f"{mutation}: passes")
        for name in changed - base.keys():
            (folder / f"{name}.csv").unlink()
        write_text({name: base[name] for name in changed & base.keys()}, folder)
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


def test_single_faults_of_a_workbook_are_found_once_in_their_cells(
    base: Text, tmp_path: Path
) -> None:
    wrong: list[str] = []
    for mutation in all_mutations(base)[:: 1 if LONG else 100]:
        if "=1e13" in mutation.name or "-inf" in mutation.name or "nan" in mutation.name:
            continue  # a workbook has no such numbers; as text they are the same as in a folder
        book = write_book(mutated(base, mutation), tmp_path / "case.xlsx")
        try:
            planner.load(book)
        except InputError as error:
            wrong += complaints(mutation, error.faults, f"case.xlsx[{mutation.table}]")
        else:
            wrong.append(f"{mutation}: passes")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


CANNOT_BE_KNOWN: dict[str, tuple[int, str]] = {
    "a tenth: projects.max_new_tpa": (2, "plants may be small, and few mines feed few plants"),
    "a tenth: projects.variable_opex_usd_per_t": (
        1,
        "mines of record spend 190 to 30,000 USD per tonne",
    ),
    "a tenth: projects.existing_tpa": (
        1,
        "most metal plants of record make a hundredth of what is used",
    ),
    "row gone: budgets": (
        1,
        "who pays in which year is a choice: another funder begins a year later, too",
    ),
    "row gone: funders": (1, "a funder without a row pays at home, as another one here does"),
    "row gone: stockpiles": (2, "that a country holds no stock of a good is usual"),
    "a tenth: stockpiles.initial_t": (2, "stocks of record last from days to a year"),
    "ten times: stockpiles.initial_t": (
        1,
        "a stock that is full from the start is usual: it may not be added to",
    ),
    "a tenth: stockpiles.max_t": (
        1,
        "a stock that is full from the start is usual: it may not be added to",
    ),
}
"""Kind of slip that changes the answer of the teaching case and that `check` does not ask about: how many, and why."""


def test_plausible_slips_change_no_more_answers_in_silence_than_were_counted(
    tmp_path: Path,
) -> None:
    """No rule can know what is a valid case as well. Beside the case as it was nothing is silent: whatever the slip,
    `check --against` names its cell."""
    found = list(outcomes(STARTER, 10**9 if LONG else 1))
    silent = [one for one in found if one.end == SILENT]
    counted = Counter(one.kind for one in silent)
    assert len(found) >= 180 and counted <= Counter(
        {kind: n for kind, (n, _) in CANNOT_BE_KNOWN.items()}
    ), silent
    assert not LONG or counted == Counter({kind: n for kind, (n, _) in CANNOT_BE_KNOWN.items()})
    # What is not told is no difference: a blank that means what stood there, a price that no program reads.
    untold = {
        one.kind
        for one in found
        if one.end != FAULT and (f"{one.slip.table}.csv", one.slip.line) not in one.told
    }
    assert all(
        kind.startswith("left blank: ") or kind.endswith(": elements.price_usd_per_kg")
        for kind in untold
    )
    base = read_text(STARTER)
    for one in silent:
        folder = write_text(mutated(base, one.slip), tmp_path / one.slip.name.replace("/", "_"))
        command = ["check", str(folder), "--against", str(STARTER)]
        told = CliRunner().invoke(app, command).output
        assert "1 input changed since" in told, told
        assert f"{one.slip.table}.csv:{one.slip.line}: " in told, told


@pytest.mark.parametrize(("text", "rule", "key", "says"), KEY_FAULTS)
def test_every_wrong_key_of_a_model_file_is_found_once(
    base: Text, tmp_path: Path, text: str, rule: str, key: str, says: str
) -> None:
    folder = write_text(base, tmp_path / "case")
    (folder / "model.toml").write_text(
        f'# a comment\ntitle = "t"\n{text}\n' if "name" not in text else text, encoding="utf-8"
    )
    found = faults_of(folder)
    assert [(fault.rule, fault.column) for fault in found] == [(rule, key)], found
    assert says in found[0].message
    assert found[0].remedy
    if key != "horizon.first_year" or rule != "horizon":
        assert found[0].place == "model.toml" and found[0].line > 0
