"""Random programmes and random histories: the engine and the oracle must say the same of each."""
