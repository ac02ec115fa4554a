"""What is known about Windows guests: the way in, facts, checks, Sysprep and its failures, verification."""
