"""A small, slow, obvious model of the programme language: it must agree with the engine, and shares no code with it."""
