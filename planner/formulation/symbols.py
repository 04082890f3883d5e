"""Symbols of the page: sets, data with the cells they come from, and what is derived from data and variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planner.data.tree import Tree
from planner.formulation.index_sets import Scope

LETTERS = {
    "p": "project",
    "f": "feed",
    "c": "country",
    "e": "element",
    "o": "form",
    "k": "skill",
    "g": "programme",
    "i": "funder",
    "v": "supplier",
    "group": "group",
}
"""What an index means, as columns of tables are called; the step `j` of a loss is left out of messages."""
NODE_LETTERS: dict[str, Callable[[Scope], Tree]] = {
    "n": lambda scope: scope.tree,
    "d": lambda scope: scope.decision_tree,
    "a": lambda scope: scope.account_tree,
    "w": lambda scope: scope.staffing_tree,
}
"""The tree that a node of an index belongs to."""


@dataclass(frozen=True)
class Symbol:
    """A set, a figure or a quantity derived from figures and variables. latex: the symbol and its index.

    cells: where a figure comes from, `table.column`. formula: what a derived quantity is, where that can be written.
    """

    latex: str
    meaning: str
    cells: tuple[str, ...] = ()
    unit: str = ""
    formula: str = ""


SETS = (
    Symbol("p", "project; $c_p$ is its country"),
    Symbol("f", "feed"),
    Symbol("c", "country"),
    Symbol("e", "element"),
    Symbol("o", "form: oxide, metal or magnet; $o^-$ is the one before it"),
    Symbol("k", "skill"),
    Symbol("g", "training programme whose country $c_g$ and skill $k_g$ have a row in `workforce`"),
    Symbol("i", "funder, one of those in `budgets`"),
    Symbol("j", "step of the loss of a good"),
    Symbol("v", "supplier of imports"),
    Symbol("t", "year of the horizon, first to last, both included; $t_n$ and $t_d$ are those of nodes"),
    Symbol("n", "node of the tree of histories, a year or a quarter; $n^-$ is the node before it"),
    Symbol(
        "d", "decision node, $d'$ another one; $d^-$ is the one before it, $d_n$ the one at which a node $n$ decides"
    ),
    Symbol(r"\gamma", r"coordination group of countries; $\gamma_c$ is that of country $c$"),
    Symbol(r"\mathcal{M}", "projects of stage mine; $f_p$ is the one feed of a mine"),
    Symbol(r"\mathcal{S}", "projects of stage separation"),
    Symbol(r"\mathcal{T}", "projects of stage metal or magnet; $o_p$ is the form that a project makes"),
    Symbol(r"\mathcal{F}_p", "feeds that a separation plant accepts"),
    Symbol(r"\mathcal{L}", "nodes of the last period: one for each history"),
    Symbol(r"\mathrm{path}(d)", "decision nodes from the first year to $d$, $d$ included"),
    Symbol(
        r"\mathrm{back}(d, t)",
        "decision node on the path to $d$ that lies $t$ years before it; without one, the term is 0",
    ),
    Symbol(r"\mathrm{reach}_i", "countries in which a funder may pay"),
)
DATA = (
    Symbol(
        r"\pi_n",
        "probability of a node: sum over its scenarios ($\\pi_d$: of a decision node)",
        ("scenarios.probability",),
    ),
    Symbol(r"\lambda", "weight of CVaR", ("model.objective.risk_aversion",)),
    Symbol(r"\alpha", "level of CVaR", ("model.objective.tail",)),
    Symbol(r"\mathrm{costrate}", "discount rate of costs", ("model.discount_rate",)),
    Symbol(r"\mathrm{lossrate}", "discount rate of losses", ("model.risk_discount_rate",)),
    Symbol(r"\mathrm{lend}", "largest share lent", ("model.policy.secondment_share",)),
    Symbol(r"\mathrm{wanted}_{c,e,o,t}", "demand before shocks, interpolated", ("demand.tonnes",)),
    Symbol(r"\mathrm{sold}_{v,c,e,o,t}", "what a supplier sells before shocks, interpolated", ("imports.tonnes",)),
    Symbol(
        r"\mathrm{loss}_{c,e,o,j}",
        "loss in a step, in MUSD/t",
        ("elements.loss_usd_per_kg", "loss_tiers.loss_usd_per_kg"),
    ),
    Symbol(r"\mathrm{width}_{c,e,o,j}", "width of a step", ("loss_tiers.up_to_share",)),
    Symbol(r"\mathrm{weight}_c", "weight of the losses of a country", ("countries.weight",)),
    Symbol(r"\mathrm{heavy}_e", "1 if the element counts as heavy, else 0", ("elements.heavy",)),
    Symbol(r"\mathrm{share}_{f,e}", "oxide per tonne TREO of a feed", ("feeds.share",)),
    Symbol(
        r"\mathrm{recovery}_{p,e}",
        "recovery; that of the element, else that of the project",
        ("recoveries.recovery", "projects.recovery"),
    ),
    Symbol(
        r"\mathrm{existing}_{p,t}",
        "existing capacity, from `online_year` to the year before `retire_year`, else 0",
        ("projects.existing_tpa",),
    ),
    Symbol(r"\mathrm{maxnew}_p", "largest new nameplate", ("projects.max_new_tpa",)),
    Symbol(r"\mathrm{unit}_p", "size of one whole plant", ("projects.unit_tpa",)),
    Symbol(r"\mathrm{lead}_p", "years from commitment to first use", ("projects.lead_time_years",)),
    Symbol(r"\mathrm{ramp}_p(t)", "share of nameplate usable $t$ years after the start", ("ramps.share",)),
    Symbol(r"\mathrm{price}_p", "capital cost of nameplate, in MUSD", ("projects.capex_usd_per_tpa",)),
    Symbol(r"\mathrm{costindex}_c", "multiplies capital cost", ("countries.cost_index",)),
    Symbol(r"\mathrm{public}_p", "share of capital cost paid from budgets", ("projects.public_share",)),
    Symbol(r"\mathrm{yearly}_p", "yearly cost of new nameplate, in MUSD", ("projects.fixed_opex_usd_per_tpa",)),
    Symbol(r"\mathrm{variable}_p", "cost of throughput, in MUSD", ("projects.variable_opex_usd_per_t",)),
    Symbol(r"\mathrm{need}_{p,k}", "persons per tonne of throughput", ("staffing.persons_per_ktpa",)),
    Symbol(r"\mathrm{attrition}_k", "share of the staff that leaves in a year", ("skills.attrition",)),
    Symbol(r"\mathrm{mentors}_k", "trainees that one person can carry", ("skills.mentor_ratio",)),
    Symbol(r"\mathrm{staff}_{c,k}", "persons in the first year", ("workforce.initial",)),
    Symbol(r"\mathrm{hires}_{c,k}", "most hires in a year; 0 in the first year", ("workforce.hires_per_year",)),
    Symbol(r"\mathrm{hirecost}_{c,k}", "cost of a hire, in MUSD", ("workforce.hire_cost_usd",)),
    Symbol(r"\mathrm{seats}_g", "yearly intake that exists", ("training.seats",)),
    Symbol(r"\mathrm{maxseats}_g", "most seats that can be added", ("training.max_new_seats",)),
    Symbol(r"\mathrm{duration}_g", "years from intake to staff", ("training.duration_years",)),
    Symbol(r"\mathrm{completion}_g", "share of an intake that joins the staff", ("training.completion_rate",)),
    Symbol(r"\mathrm{fee}_g", "fee of a trainee, in MUSD", ("training.cost_per_trainee_usd",)),
    Symbol(r"\mathrm{seatcost}_g", "cost of a new seat, in MUSD", ("training.cost_per_seat_usd",)),
    Symbol(r"\mathrm{budget}_{i,t}", "public money; 0 without a row", ("budgets.musd",)),
    Symbol(r"\mathrm{initialstock}_{c,e,o}", "stock before the first year", ("stockpiles.initial_t",)),
    Symbol(r"\mathrm{maxstock}_{c,e,o}", "largest stock; blank: no limit", ("stockpiles.max_t",)),
    Symbol(r"\mathrm{stockprice}_{c,e,o}", "price of a purchase, in MUSD/t", ("stockpiles.purchase_usd_per_kg",)),
    Symbol(
        r"\mathrm{holding}_{c,e,o}",
        "yearly cost of the stock at the end of a year, in MUSD/t",
        ("stockpiles.holding_usd_per_kg_year",),
    ),
    Symbol(
        r"\mathrm{resale}_{v,c,e,o}",
        "share of what a supplier may sell to a country that it can buy on top and sell on; the row that names more of "
        "supplier, element and form holds, supplier before element before form; 0 without a row",
        ("resale.share",),
    ),
    Symbol(
        r"\mathrm{leak}_{v,c,e,o,n}",
        "least leak of the shocks of kind import with a factor below 1; 0 without one",
        ("shocks.leak",),
    ),
    Symbol(r"\mathrm{importshock}_{v,c,e,o,n}", "product of the factors of shocks of kind import", ("shocks.factor",)),
    Symbol(r"\mathrm{demandshock}_{c,e,o,n}", "product of the factors of shocks of kind demand", ("shocks.factor",)),
    Symbol(r"\mathrm{works}_{p,n}", "product of the factors of shocks of kind capacity", ("shocks.factor",)),
    Symbol(r"\mathrm{late}_{p,d,n}", "sum of the years of shocks of kind delay that hit a build", ("shocks.factor",)),
)
DERIVED = (
    Symbol(
        r"\ell_n", "length of a period", unit="years", formula=r"1 \text{ for a year}, \quad 1/4 \text{ for a quarter}"
    ),
    Symbol(
        r"\mathrm{opens}_n",
        "whether a year begins with a node",
        unit="0 or 1",
        formula=r"1 \text{ for a year or its first quarter, else } 0",
    ),
    Symbol(
        r"\mathrm{closes}_n",
        "whether a year ends with a node",
        unit="0 or 1",
        formula=r"1 \text{ for a year or its fourth quarter, else } 0",
    ),
    Symbol(
        r"\mathrm{demand}_{c,e,o,n}",
        "demand at a node",
        unit="t",
        formula=r"\mathrm{wanted}_{c,e,o,t_n} \, \mathrm{demandshock}_{c,e,o,n} \, \ell_n",
    ),
    Symbol(
        r"\mathrm{offer}_{c,e,o,n}",
        "what all suppliers can sell at a node",
        unit="t",
        formula=r"\sum_v \mathrm{sold}_{v,c,e,o,t_n} \, \mathrm{importshock}_{v,c,e,o,n} \, \ell_n",
    ),
    Symbol(
        r"\mathrm{discount}_t",
        "present value of a cost",
        unit="factor",
        formula=r"(1 + \mathrm{costrate})^{-(t - \min t)}",
    ),
    Symbol(
        r"\mathrm{riskdiscount}_t",
        "present value of a loss",
        unit="factor",
        formula=r"(1 + \mathrm{lossrate})^{-(t - \min t)}",
    ),
    Symbol(
        r"\mathrm{usable}_{p,d,n}",
        "share of a build of $d$ that is usable at $n$",
        unit="share",
        formula=r"\mathrm{ramp}_p(t_n - t_d - \mathrm{lead}_p - \mathrm{late}_{p,d,n}) \text{ if } "
        r"t_n \ge t_d + \mathrm{lead}_p + \mathrm{late}_{p,d,n}, \text{ else } 0",
    ),
    Symbol(
        r"\mathrm{use}_{p,f}",
        "capacity that a tonne TREO of a feed takes in a separation plant",
        unit="factor",
        formula=r"1 \text{ for basis treo}, \quad "
        r"\sum_e \mathrm{heavy}_e \, \mathrm{share}_{f,e} \text{ for basis heavy}",
    ),
    Symbol(
        r"\mathrm{throughput}_{p,n}",
        "throughput as capacity, staff and cost count it",
        unit="t",
        formula=r"m_{p,n} \text{ for } p \in \mathcal{M}, \quad "
        r"\sum_{f \in \mathcal{F}_p} \mathrm{use}_{p,f} \, s_{p,f,n} "
        r"\text{ for } p \in \mathcal{S}, \quad \sum_e r_{p,e,n} \text{ for } p \in \mathcal{T}",
    ),
    Symbol(
        r"\mathrm{made}_{c,e,o,n}",
        "output of the plants of a country",
        unit="t",
        formula=r"\sum_{p \in \mathcal{S} : c_p = c} \ \sum_{f \in \mathcal{F}_p} \mathrm{share}_{f,e} \, "
        r"\mathrm{recovery}_{p,e} \, s_{p,f,n} \text{ for oxide}, \quad "
        r"\sum_{p \in \mathcal{T} : c_p = c, o_p = o} \mathrm{recovery}_{p,e} "
        r"\, r_{p,e,n} \text{ for metal, magnet}",
    ),
    Symbol(
        r"\mathrm{used}_{c,e,o,n}",
        "what plants of a country take in: oxide those of metal, metal those of magnets",
        unit="t",
        formula=r"\sum_{p \in \mathcal{T} : c_p = c, o_p^- = o} r_{p,e,n}",
    ),
    Symbol(
        r"\mathrm{capex}_p",
        "capital cost of nameplate",
        unit="MUSD per t/y",
        formula=r"\mathrm{price}_p \, \mathrm{costindex}_{c_p}",
    ),
    Symbol(
        r"\mathrm{due}_{p,d}",
        "nameplate whose capital cost falls due: equal parts in the years of the lead time",
        unit="t/y",
        formula=r"\sum_{d' \in \mathrm{path}(d) : t_d < t_{d'} + \max(1, \mathrm{lead}_p)} "
        r"\frac{b_{p,d'}}{\max(1, \mathrm{lead}_p)}",
    ),
    Symbol(
        r"\mathrm{fixed}_{p,d}",
        "fixed cost of a build from its planned start (not the delayed one) to the last year",
        unit="MUSD per t/y",
        formula=r"\mathrm{yearly}_p \sum_{t \ge t_d + \mathrm{lead}_p} \mathrm{discount}_t",
    ),
    Symbol(
        r"\mathrm{people}_{c,d}",
        "training fees, new seats and hires",
        unit="MUSD/y",
        formula=r"\sum_{g : c_g = c} (\mathrm{fee}_g \, A_{g,d} + \mathrm{seatcost}_g \, z_{g,d}) "
        r"+ \sum_k \mathrm{hirecost}_{c,k} \, h_{c,k,d}",
    ),
    Symbol(
        r"\mathrm{purchases}_{c,n}",
        "purchases for stocks",
        unit="MUSD",
        formula=r"\sum_{e,o} \mathrm{stockprice}_{c,e,o} \, q_{c,e,o,n}",
    ),
)
