"""Chaos: the flow is struck at each of its instants, and what is left is looked at."""
