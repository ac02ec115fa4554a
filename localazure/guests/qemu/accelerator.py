"""Which accelerator really runs machines here.

That /dev/kvm can be opened, or even gives a virtual machine, proves nothing: on a computer that is itself a
guest it may interpret every instruction, a hundred times slower than QEMU's own translator. So a boot
sector is run that counts to twenty million: 10 ms on KVM that works, 0.2 s translated, half a minute when
interpreted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import tempfile
from pathlib import Path

PROGRAM = "qemu-system-x86_64"
PROBE_SECONDS = 4.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FILE = "accelerator.json"
_ROUNDS = 20_000_000
_SAYS = b"OK"
# mov ecx, ROUNDS; 1: dec ecx; jnz 1b; mov dx, 0x3f8; out 'O'; out 'K'; mov dx, 0x501; mov al, 16; out; hlt
_CODE = (
    b"\x66\xb9"
    + struct.pack("<I", _ROUNDS)
    + b"\x66\x49\x75\xfc\xba\xf8\x03\xb0O\xee\xb0K\xee\xba\x01\x05\xb0\x10\xee\xf4"
)
BOOT_SECTOR = _CODE.ljust(510, b"\0") + b"\x55\xaa"
OPTIONS = {
    "kvm": ("-accel", "kvm", "-cpu", "host"),
    # The translator must not show up in CPUID, or the guest takes itself for no machine of Azure's. Without
    # ERMS the guest's kernel clears and copies by eight bytes a step: translated, a step is what costs.
    "tcg": ("-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max,tcg-cpuid=off,erms=off"),
}


async def runs(accelerator: str, seconds: float = PROBE_SECONDS) -> bool:
    """Run the boot sector; False as well for what does not end in time."""
    with tempfile.NamedTemporaryFile(suffix=".img") as disk:
        disk.write(BOOT_SECTOR)
        disk.flush()
        process = await asyncio.create_subprocess_exec(
            *(PROGRAM, *OPTIONS[accelerator], "-machine", "pc", "-m", "16", "-nodefaults", "-no-user-config"),
            *("-display", "none", "-serial", "stdio", "-no-reboot"),
            *("-device", "isa-debug-exit,iobase=0x501,iosize=2"),
            *("-drive", f"file={disk.name},format=raw,if=ide,snapshot=on"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(seconds):
                said, _ = await process.communicate()
        except TimeoutError:
            return False
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return _SAYS in said


async def choose(cache: Path) -> str:
    """Name the accelerator to use; the answer is kept until the computer boots anew or QEMU changes."""
    key = f"{_boot()} {_version()}"
    known = _recall(cache, key)
    if known is not None:
        return known
    usable = os.access("/dev/kvm", os.R_OK | os.W_OK)
    chosen = "kvm" if usable and await runs("kvm") else "tcg"
    _keep(cache, {"key": key, "accelerator": chosen})
    return chosen


def _recall(cache: Path, key: str) -> str | None:
    try:
        document = json.loads((cache / _FILE).read_text())
    except (OSError, ValueError):
        return None
    known = document.get("accelerator") if document.get("key") == key else None
    return known if known in OPTIONS else None


def _keep(cache: Path, document: dict[str, str]) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    (cache / _FILE).write_text(json.dumps(document))


def _boot() -> str:
    return _BOOT_ID.read_text().strip()


def _version() -> str:
    """What tells one installed QEMU from another without starting it."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        with contextlib.suppress(OSError):
            facts = (Path(folder) / PROGRAM).stat()
            return f"{facts.st_size} {facts.st_mtime_ns}"
    return ""
