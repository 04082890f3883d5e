"""Many scenarios, solved one by one: master, subproblems, aggregation, search, bounds."""
