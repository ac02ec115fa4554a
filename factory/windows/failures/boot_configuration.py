"""The store of the boot configuration cannot be written.

That of the system partition is missing, damaged or on a disk that is not there.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"spbcd\.dll,Sysprep_Generalize_Bcd'?,? returned error code (?P<code>\S+?)(?:\[|$)",
    cause="the boot configuration cannot be generalized (spbcd.dll, error {code})",
    remedy=(
        "repair the boot configuration and the system partition of the source (bcdedit /enum must list it)"
    ),
    source="from a public log",
    citation=(
        "https://ftpdocs.broadcom.com/cadocs/0/CA%20AppLogic%203%208-ENU/Bookshelf_Files/HTML/AppLogicDoc/"
        "2329147.html"
    ),
)
