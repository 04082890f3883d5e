"""Why this plan: its program solved otherwise, and what follows. The package solves and returns values, no words."""
