"""Numbers over facts, entries and states, and the texts that explain them. Nothing here decides or writes."""
