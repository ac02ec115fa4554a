"""Package managers of Linux distributions, one a file; the folder is the list."""
