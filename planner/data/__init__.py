"""From files to a Case: schema, loading, checks, look-ups and the scenario tree."""
