"""What Azure's host offers to a machine: wire server, host plugin, metadata service, DNS, provisioning DVD.

It knows nothing of how the machine runs. It is given a way to listen on an address (`service.Listen`), so
that the sockets may lie in a network namespace, behind a shim, or on loopback ports in a test.
"""
