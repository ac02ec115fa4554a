"""The DVD's image: what a machine reads from it."""

import io
import stat
from pathlib import Path

import pycdlib

from localazure.guests.base import OsProfile
from localazure.guests.qemu.dvd import LABEL, write_dvd

PROFILE = OsProfile("build01", "azureuser", admin_password="S3cret-S3cret", disable_password=False)


def test_the_dvd_is_udf_with_azures_file(tmp_path: Path) -> None:
    image = tmp_path / "dvd.iso"
    write_dvd(PROFILE, image)
    disc, text = pycdlib.PyCdlib(), io.BytesIO()
    disc.open(str(image))
    disc.get_file_from_iso_fp(text, udf_path="/ovf-env.xml")
    disc.close()
    assert b"<HostName>build01</HostName>" in text.getvalue()
    assert LABEL.encode() in image.read_bytes(), "cloud-init goes by the label"


def test_nobody_else_can_read_the_password_on_it(tmp_path: Path) -> None:
    image = tmp_path / "dvd.iso"
    write_dvd(PROFILE, image)
    assert stat.S_IMODE(image.stat().st_mode) == 0o600
