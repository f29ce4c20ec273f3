"""Backtest: the facts of a history decided again under other programmes, by the fold that runs live. Nothing of the store changes."""
