"""Faults on request: what goes wrong in Azure, made to go wrong here: seeded, counted, in Azure's words."""
