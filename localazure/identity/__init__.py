"""Tokens: who may call, and how a caller becomes known."""
