"""What the factory knows about Linux guests: facts, operations, checks, distributions."""
