"""Ways into a machine. Nothing here trusts a peer it was not told to expect."""
