"""Template deployments: the language by itself, then deployments on the wire."""
