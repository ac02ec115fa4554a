"""The published schemas of request bodies: what the factory sends and what the local Azure refuses."""
