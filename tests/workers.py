"""Which of several test processes this one is: what lies on the whole computer is shared out by it."""

import os

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
