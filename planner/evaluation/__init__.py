"""A plan in scenarios that it was not made for: its decisions fixed, operations by a stated policy."""
