"""The reviewed list of what may differ between Azure as it was recorded and the local Azure, with reasons.

Whatever is not on it fails the replay; whatever is on it and does not occur fails it too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.localazure.replay.cassettes import Exchange
from tests.localazure.replay.comparing import Difference

NOT_COMPARED = {
    "server": "names the web server's software; ours is another",
    "strict-transport-security": "on localhost a browser would force HTTPS on every other port",
    "transfer-encoding": "how bytes are framed, decided by Azure's front end",
    "vary": "comes with the front end's compression; nothing is compressed on loopback",
    "x-ms-request-id": "removed from the recordings; every answer of Azure has it",
    "x-ms-correlation-request-id": "removed from the recordings; every answer of Azure has it",
    "x-ms-routing-request-id": "removed from the recordings; every answer of Azure has it",
}
"""Headers of transport and tracing: left out of every comparison."""


@dataclass(frozen=True)
class Allowance:
    """`exchange` matches `CASSETTE METHOD URL`, `where` the place of the difference, both in full."""

    exchange: str
    where: str
    reason: str

    def covers(self, exchange: Exchange, difference: Difference) -> bool:
        """Whether this difference in this exchange is allowed by it."""
        name = f"{exchange.cassette} {exchange.method} {exchange.url}"
        return bool(re.fullmatch(self.exchange, name) and re.fullmatch(self.where, difference.where))


ALLOWED = (
    Allowance(
        r"\w+ (PUT|PATCH|POST|DELETE) .*",
        r"header x-ms-retry-after-ms",
        "an operation takes milliseconds here: the hint keeps clients from waiting their 30 seconds",
    ),
    Allowance(
        r"\w+ GET .*Operations/.*",
        r"header x-ms-retry-after-ms",
        "the same hint while an operation is in progress",
    ),
    Allowance(
        r"\w+ GET .*/DiskOperations/.*",
        r"body(\.properties\.output)?\.accessSAS",
        "the recording has a stand-in for the signed address; ours is a signed address",
    ),
    Allowance(
        r"disks_multi GET .*api-version=2019-03-01",
        r"body(\.properties\.output)?\.properties\.(encryption|networkAccessPolicy|publicNetworkAccess)",
        "members that came after the api-version of 2019; every version is answered in today's shape",
    ),
    Allowance(
        r"shot PATCH .*/snapshots/.*",
        r"body\.properties\.faultDomain",
        "seen in this one interim answer only, in no documented version of a snapshot",
    ),
    Allowance(
        r"galleries \w+ .*/applications/.*",
        r"status|header (content-type|x-ms-ratelimit-remaining-resource)|body.*",
        "gallery applications are not implemented: 501, which says so",
    ),
)
