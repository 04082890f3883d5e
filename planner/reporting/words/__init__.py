"""Words of pages, charts and commands: numbers, names, sentences."""
