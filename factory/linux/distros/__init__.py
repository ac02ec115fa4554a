"""Linux distributions as data, one a file; the folder is the list."""
