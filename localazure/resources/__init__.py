"""Subscriptions, providers, resource groups, tags and locks: what the resource manager itself offers."""
