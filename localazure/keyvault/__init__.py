"""Key vaults, as far as machines need them: vaults, secrets, and certificates that were imported as PFX."""
