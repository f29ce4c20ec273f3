"""The command line. Commands are thin: they read what was asked, call the Python API or a report, and print."""
