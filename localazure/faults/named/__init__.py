"""The faults that have a name, a file each."""
