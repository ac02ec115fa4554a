"""One file per check, and its probe beside it as a script of the same name."""
