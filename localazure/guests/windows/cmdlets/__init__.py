"""Cmdlets, by noun: a file here is found because it is here."""
