"""Out-of-sample evaluation of a plan: decisions fixed, operations by a policy."""
