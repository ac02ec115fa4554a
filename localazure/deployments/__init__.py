"""Template deployments: the language, what a template plans, and carrying it out on our own routes."""
