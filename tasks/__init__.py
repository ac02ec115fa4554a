"""Prefect tasks: name, time-out, cache policy, and a short call into the factory."""
