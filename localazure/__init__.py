"""A local Azure that the real SDKs talk to, with real Linux machines inside. A separate program."""
