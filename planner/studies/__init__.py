"""Many variants of one question: designs, an engine that loses no point, analysis."""
