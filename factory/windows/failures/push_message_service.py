"""The service that routes push messages is disabled, and Sysprep waits for it for ever.

Scripts that slim a system disable it as telemetry. It is not: generalizing starts it.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"dmwappushs(?:vc|ervice)",
    cause="Sysprep waits for the service dmwappushservice, which is disabled",
    remedy="Set-Service -Name dmwappushservice -StartupType Manual, on the source or in a step of the recipe",
    source="documented",
    citation=(
        "two public reports without a log: https://github.com/W4RH4WK/Debloat-Windows-10/issues/87, "
        "https://github.com/Sycnex/Windows10Debloater/issues/72"
    ),
    hang=True,
)
