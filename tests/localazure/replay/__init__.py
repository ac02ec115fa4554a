"""Recorded traffic of the real Azure, replayed against the local one."""
