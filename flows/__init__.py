"""Prefect flows, one a file: the order of things and nothing else."""
