"""The functions of the template language, by subject; each module registers its own."""
