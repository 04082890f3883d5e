"""Measurements: generated cases, the same program through several paths, and the goals they are held against."""
