"""A plan ready to be reported: typed tables, names for people, numbers as people read them, parts of a page."""
