"""Why this plan: the same program asked other questions, and what the answers say. Values go to planner.reporting."""
