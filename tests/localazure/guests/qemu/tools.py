"""What tests that use QEMU's programs need."""

import shutil

import pytest

from localazure.guests.qemu.marketplace import Recipe

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-img") is None or shutil.which("qemu-system-x86_64") is None,
    reason="QEMU is not installed: apt-get install qemu-system-x86 qemu-utils",
)
_LACKING = Recipe.of_this_computer().missing()
needs_boot_loaders = pytest.mark.skipif(bool(_LACKING), reason="; ".join(_LACKING) or "everything is there")
