"""WS-Management as Windows Remote Management speaks it: the wire is real, clients need no change.

TLS, HTTP/1.1, NTLM with channel binding (the server's side by pyspnego), Basic where the machine's
configuration allows it, message encryption, the shell of commands, its quotas and its faults.
"""
