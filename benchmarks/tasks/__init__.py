"""Jobs of benchmarks.worker that are not a path from folder to optimum."""
