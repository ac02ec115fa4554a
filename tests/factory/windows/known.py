"""Facts and contexts for tests: a server with a data disk."""

from datetime import UTC, datetime

from factory.windows.context import Context, Expected
from factory.windows.facts import Account, DataDisk, Volume, WindowsFacts

BEGAN = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)

SERVER = WindowsFacts(
    machine_sid="S-1-5-21-1004336348-1177238915-682003330",
    computer_name="WIN-APP",
    caption="Microsoft Windows Server 2022 Datacenter",
    version="10.0.20348",
    build="20348.2700",
    product_type=3,
    boot_time=datetime(2026, 3, 4, 8, 0, tzinfo=UTC),
    time=BEGAN,
    image_state="IMAGE_STATE_COMPLETE",
    domain_joined=False,
    users=(Account(name="azureuser", sid="S-1-5-21-1004336348-1177238915-682003330-500", enabled=True),),
    data_disks=(DataDisk(lun=0, size_bytes=1 << 30),),
    volumes=(Volume(letter="C", label="Windows"), Volume(letter="F", label="appdata")),
    files={"F:\\data\\content.bin": "5891b5b5"},
)


def context() -> Context:
    """The context of a machine made from an image of SERVER, and of the run that made it."""
    expected = Expected(
        source=SERVER,
        computer_name="verify-1a2b",
        admin="verifier",
        luns=(0,),
        own_traces=("AA11", "golden-own"),
    )
    return Context(accounts=("gf1a2bbuild",), sysprep_began=BEGAN, expected=expected)
