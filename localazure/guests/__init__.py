"""Guests: the machines that the local Azure boots, behind one interface (`base`)."""
