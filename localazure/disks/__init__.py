"""Managed disks and snapshots: the disk service's half of Microsoft.Compute."""
