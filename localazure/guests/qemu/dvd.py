"""The provisioning DVD as an image: one file, in UDF beside ISO 9660, with a label such as Azure's.

Read by the agent (which looks for the file) and by cloud-init (which looks for the label first).
"""

from __future__ import annotations

import io
from pathlib import Path

import pycdlib

from localazure.guests.base import OsProfile
from localazure.guests.fabric.dvd import FILE, ovf_environment

LABEL = "RD_RDFE_STABLE"


def write_dvd(profile: OsProfile, target: Path) -> None:
    """Write the DVD for a machine that is to become what the profile says; readable by its owner alone."""
    text = ovf_environment(profile).encode()
    disc = pycdlib.PyCdlib()
    disc.new(interchange_level=3, vol_ident=LABEL, joliet=3, udf="2.60")
    disc.add_fp(io.BytesIO(text), len(text), "/OVFENV.XML;1", joliet_path=f"/{FILE}", udf_path=f"/{FILE}")
    target.touch(mode=0o600)
    disc.write(str(target))
    disc.close()
