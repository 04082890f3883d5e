"""Pages: a run, a comparison, a business case, a study."""
