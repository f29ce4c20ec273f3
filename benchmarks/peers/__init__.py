"""What a data team would write today for one programme, over the same packed facts: a loop in Python, and SQL for DuckDB."""
