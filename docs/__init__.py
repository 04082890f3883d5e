"""Writes the pages that are made of the code: `python -m docs`."""
