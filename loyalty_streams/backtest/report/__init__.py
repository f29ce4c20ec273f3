"""The report of a plan: one HTML file that opens from disk, with nothing to fetch and nothing that may run but what it brings."""
