"""Compute galleries: image definitions, image versions and their replication."""
