"""Agents: a batch of facts becomes writes. They read a store and give back what is to be written; they do no other I/O."""
