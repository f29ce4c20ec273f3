"""The pure room: facts, entries, programme tables and the one fold that decides. No clock, disk, network or chance."""
