"""Independent recomputation of every rule, loss and cost of a plan."""
