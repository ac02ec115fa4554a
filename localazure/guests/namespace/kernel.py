"""The system calls that Python's standard library leaves out, by their own names.

All of it is Linux on any architecture: numbers that differ between architectures are not used.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2

PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def mount(source: str, target: str | Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount; a bind or a remount is a mount with those flags."""
    result = _libc.mount(
        source.encode(),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _checked(result, f"mount {kind or 'bind'} {source} on {target}")


def unmount(target: str | Path, flags: int = 0) -> None:
    """Unmount."""
    _checked(_libc.umount2(os.fsencode(target), flags), f"umount {target}")


def unshare(flags: int) -> None:
    """Give the calling thread new namespaces; for CLONE_NEWPID, its children."""
    _checked(_libc.unshare(flags), f"unshare {flags:#x}")


def enter_namespace(descriptor: int, kind: int) -> None:
    """Move the calling thread into the namespace behind a descriptor."""
    _checked(_libc.setns(descriptor, kind), f"setns {kind:#x}")


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send this signal when the thread that forked us is gone."""
    _checked(_libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl PR_SET_PDEATHSIG")


def control_process(option: int, *arguments: int) -> None:
    """Do what prctl(2) does."""
    four = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(option, *four), f"prctl {option}")


def drop_from_bounding_set(capability: int) -> None:
    """Renounce a capability for good; one that this kernel does not know is no error."""
    if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 and ctypes.get_errno() != errno.EINVAL:
        raise OSError(ctypes.get_errno(), f"prctl PR_CAPBSET_DROP {capability}")


def change_root(new_root: Path) -> None:
    """Make a mounted directory the root of this mount namespace and let the old root go.

    Both arguments are the same directory: the old root lands on top of the new one, and is detached there.
    """
    os.chdir(new_root)
    pivot = getattr(_libc, "pivot_root", None)  # glibc has it, without a header
    if pivot is None:
        raise OSError(errno.ENOSYS, "this C library has no pivot_root")
    _checked(pivot(b".", b"."), f"pivot_root {new_root}")
    unmount(".", MNT_DETACH)
    os.chdir("/")


def sync_file_system(path: str | Path) -> None:
    """Write out everything of the file system that holds `path`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _checked(_libc.syncfs(descriptor), f"syncfs {path}")
    finally:
        os.close(descriptor)


# Interfaces: the old ioctls, so that neither `ip` nor netlink is needed.

_SIOCADDRT = 0x890B
_SIOCSIFFLAGS = 0x8914
_SIOCSIFADDR = 0x8916
_SIOCSIFNETMASK = 0x891C
_SIOCSIFHWADDR = 0x8924
_TUNSETIFF = 0x400454CA
_IFF_UP_RUNNING = 0x41
_IFF_TAP_NO_PI = 0x1002
_ARPHRD_ETHER = 1
_RTF_UP = 0x1
_RTF_HOST = 0x4


def _ifreq(name: str, payload: bytes) -> bytes:
    return struct.pack("16s24s", name.encode(), payload)


def _sockaddr(address: str) -> bytes:
    return struct.pack("<HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def interface_up(control: socket.socket, name: str) -> None:
    """Set an interface up."""
    fcntl.ioctl(control, _SIOCSIFFLAGS, _ifreq(name, struct.pack("<H", _IFF_UP_RUNNING)))


def interface_address(control: socket.socket, name: str, address: str, netmask: str) -> None:
    """Give an interface an address; a label such as `lo:1` adds one beside the first."""
    fcntl.ioctl(control, _SIOCSIFADDR, _ifreq(name, _sockaddr(address)))
    fcntl.ioctl(control, _SIOCSIFNETMASK, _ifreq(name, _sockaddr(netmask)))


def interface_hardware_address(control: socket.socket, name: str, mac: bytes) -> None:
    """Give an interface its MAC; it has to be down."""
    fcntl.ioctl(control, _SIOCSIFHWADDR, _ifreq(name, struct.pack("<H", _ARPHRD_ETHER) + mac))


def open_tap(name: str) -> int:
    """Make a network interface without a wire; it lives as long as the descriptor."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, _ifreq(name, struct.pack("<H", _IFF_TAP_NO_PI)))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def add_route(control: socket.socket, destination: str, netmask: str, device: str) -> None:
    """Route a network to a device, without a gateway."""
    name = ctypes.create_string_buffer(device.encode())
    flags = _RTF_UP | (_RTF_HOST if netmask == "255.255.255.255" else 0)
    # struct rtentry of a 64-bit kernel: the fields that matter, and its padding.
    entry = struct.pack(
        "@L16s16s16sHhLPhPLLH",
        0,
        _sockaddr(destination),
        _sockaddr("0.0.0.0"),  # noqa: S104 - no gateway, not a bind
        _sockaddr(netmask),
        flags,
        0,
        0,
        0,
        0,
        ctypes.addressof(name),
        0,
        0,
        0,
    )
    fcntl.ioctl(control, _SIOCADDRT, entry)
