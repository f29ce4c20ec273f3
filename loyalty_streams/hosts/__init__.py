"""Hosts: where the log, the states and the entries live, and how a batch is committed."""
