"""What every guest has in common: commands, units (operations and checks), the door to a guest, and evidence."""
