"""What every guest has in common: commands, units, the door to a guest, and evidence."""
