"""Income, cash flow and balance sheet of an investment by year, nominal. They balance by themselves: each line is a flow of
`CashFlows`, and nothing is left over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.finance.cashflow import CashFlows
from planner.finance.yearly_rows import Array, before, carried, row, to_date

SHEET = "Statements"


@dataclass(frozen=True, kw_only=True)
class Statements:
    """Lines by year, MUSD, by name. gap: assets less debt, payables and equity, which is nought."""

    income: Mapping[str, Array]
    cash: Mapping[str, Array]
    balance: Mapping[str, Array]
    gap: Array


def statements(flows: CashFlows) -> Statements:
    """The three statements of an investment."""
    income = _income(flows)
    cash = _cash(flows)
    balance = _balance(flows, income["profit"])
    assets = row(sum_of(balance, ASSETS), SHEET, "assets", "MUSD, end of the year")
    owed = row(sum_of(balance, OWED), SHEET, "debt, payables and equity", "MUSD, end of the year")
    label = "assets less debt, payables and equity"
    gap = row(assets - owed, SHEET, label, "MUSD, end of the year")
    return Statements(income=income, cash=cash, balance=balance, gap=gap)


ASSETS = ("plant", "receivables", "stock", "reserve account", "kept from owners")
OWED = ("debt", "payables", "equity")


def sum_of(lines: Mapping[str, Array], names: tuple[str, ...]) -> Array:
    """Some lines together."""
    first, *others = names
    total = lines[first]
    for name in others:
        total = total + lines[name]
    return total


def _interest(flows: CashFlows) -> Array:
    """Interest and fees of all lenders, added to loans or paid."""
    of_loans = flows.loan.interest + flows.loan.fees + flows.public.interest
    return of_loans + flows.standby.interest + flows.standby.fees


def _income(flows: CashFlows) -> dict[str, Array]:
    """From sales to the profit after tax."""
    lines = {
        "sales": flows.sales,
        "running cost and feed": 0.0 - flows.costs,
        "royalty": 0.0 - flows.royalty,
        "availability payment": flows.availability,
        "replacements and closure": 0.0 - flows.late,
        "depreciation": 0.0 - flows.depreciation,
        "interest and fees": 0.0 - _interest(flows),
        "tax": 0.0 - flows.tax_with_debt,
        "tax credit": flows.credit,
    }
    lines = _named("income", lines, "MUSD")
    profit = row(sum_of(lines, tuple(lines)), SHEET, "income: profit", "MUSD")
    return {**lines, "profit": profit}


def _cash(flows: CashFlows) -> dict[str, Array]:
    """From operations over capital and lenders to what owners pay in (below nought) and get."""
    lent = flows.loan.draws + flows.public.draws + flows.standby.draws
    paid = flows.loan.service + flows.loan.fees + flows.public.service
    paid = paid + flows.standby.service + flows.standby.fees
    held = flows.loan.reserve + flows.kept
    operations = flows.ebitda - flows.late - flows.tax_with_debt + flows.credit
    lines = {
        "operations": operations,
        "receivables": before(flows.receivables) - flows.receivables,
        "stock": before(flows.stock) - flows.stock,
        "payables": flows.payables - before(flows.payables),
        "capital less grant": flows.grant - flows.capital,
        "drawn from lenders": lent,
        "paid to lenders": 0.0 - paid,
        "held in accounts": before(held) - held,
    }
    lines = _named("cash", lines, "MUSD")
    owners = row(sum_of(lines, tuple(lines)), SHEET, "cash: to owners", "MUSD")
    return {**lines, "to owners": owners}


def _balance(flows: CashFlows, profit: Array) -> dict[str, Array]:
    """What stands at the end of each year."""
    owed = flows.owed() + flows.public.owed
    invested = flows.capital - flows.grant - flows.depreciation
    lines = {
        "plant": _grown(invested, "plant, less grant and depreciation"),
        "receivables": flows.receivables,
        "stock": flows.stock,
        "reserve account": flows.loan.reserve,
        "kept from owners": flows.kept,
        "debt": owed,
        "payables": flows.payables,
        "equity": _grown(profit - flows.owners, "equity, paid in and earned"),
    }
    return _named("balance", lines, "MUSD, end of the year")


def _grown(change: Array, label: str) -> Array:
    return carried(change, to_date, (), sheet=SHEET, label=label, unit="MUSD, end of the year")


def _named(statement: str, lines: Mapping[str, Array], unit: str) -> dict[str, Array]:
    named = {}
    for name, amounts in lines.items():
        named[name] = row(amounts, SHEET, f"{statement}: {name}", unit)
    return named
