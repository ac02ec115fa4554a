"""Clients as they are published, unmodified, against the local Azure."""
