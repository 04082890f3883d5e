"""Results as plain values: plan, tables, verification, run folder. No Pyomo here."""
