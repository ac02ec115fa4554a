"""Defender for Endpoint does not let Sysprep remove its identity.

A machine that is onboarded has a senseGuid, which the running sensor protects.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"RegDeleteValueW for value senseGuid",
    cause="Microsoft Defender for Endpoint holds its senseGuid (Windows-SenseClient-Service, access denied)",
    remedy=(
        "offboard the machine from Defender for Endpoint before the run; machines made from the image "
        "are onboarded by policy"
    ),
    source="from a public log",
    citation=(
        "https://github.com/actions/runner-images/issues/9659, "
        "https://github.com/actions/runner-images/issues/7103"
    ),
)
