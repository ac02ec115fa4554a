"""Azure, the factory's only door to it: one connection, one place to wait, verbs that take and return plain
data.

`connection.py` says where and as whom, `client.py` holds the SDK's clients, `lro.py` waits, `errors.py`
classifies; every other module is a set of verbs for one kind of resource. No SDK model leaves this folder.
"""
