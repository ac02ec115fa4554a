"""Checks of Linux guests, one a file; the folder is the list."""
