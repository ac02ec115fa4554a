"""The command line: thin, the top layer."""
