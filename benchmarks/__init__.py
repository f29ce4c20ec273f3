"""Every number that the README quotes, with its peers: `python -m benchmarks`."""
