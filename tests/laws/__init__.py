"""Laws of the kernel: what holds for every history, whatever the programme."""
