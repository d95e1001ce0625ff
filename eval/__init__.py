"""The evaluator: systems, bench, metrics, statistics, report, worker. Knows both methods."""
