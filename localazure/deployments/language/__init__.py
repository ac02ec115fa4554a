"""The language of templates: text to syntax, syntax to values. Pure; nothing of resources or requests."""
