"""Prefect flows, one a file: the order of things and nothing else.

The texts under `Args:` are for the people who fill in Prefect's run form: it shows them beside the fields.
"""
