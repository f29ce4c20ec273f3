"""Bugs planted in the kernel on purpose: a suite is evidence only if it finds them."""
