"""Chapters of reports: each module has the tables, charts and sentences of one subject, made of figures of `results`."""
