"""A case solved as one program: certified plan, and the plan of a Pyomo model."""
