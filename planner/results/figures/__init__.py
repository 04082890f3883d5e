"""Every figure that a page, a table or a chart shows, computed once from the tables of a run, by name and with its unit."""
