"""Tables of pages and workbooks, from values."""
