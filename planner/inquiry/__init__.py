"""Why this plan: counterfactuals, alternatives, values of information, investment cases. Each answer is solved."""
