"""A machine's network: a namespace with one wire, whose other end is the machine's card, and no way out.

The host's end of the wire is the subnet's router; Azure's own addresses (the wire server, the metadata
service) lie behind it. Whoever may make namespaces may make this: root, and on most computers everybody, in
a user namespace. So a helper process goes in, and hands out over a socket what only somebody inside can
make: the wire's other end, and sockets.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import struct
import threading
from pathlib import Path
from typing import Any

from localazure.guests.base import GuestError
from localazure.guests.fabric import facts
from localazure.guests.namespace import kernel
from localazure.guests.qemu.addresses import gateway

INTERFACE = "azure0"
CLONE_NEWUSER = 0x10000000
_ANSWER_SECONDS = 20
_BACKLOG = 64
_SO_BINDTODEVICE = 25
_PR_SET_PDEATHSIG = 1
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a namespace that has one wire


class GuestNetwork:
    """The network of one machine. Construct it before the process has threads or an event loop: it forks."""

    def __init__(self, address: str, mac: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._helper = os.fork()
        if self._helper == 0:
            ours.close()
            _help(theirs, address, mac)
        theirs.close()
        ours.settimeout(_ANSWER_SECONDS)
        self._channel = ours
        try:
            self.wire = self._ask(what="wire")
        except GuestError:
            self.close()
            raise

    def _ask(self, **wish: Any) -> int:
        """Ask the helper for a descriptor."""
        with self._lock:
            try:
                self._channel.send(json.dumps(wish).encode())
                text, descriptors, _, _ = socket.recv_fds(self._channel, 4096, 1)
            except OSError as error:
                raise GuestError(f"the machine's network is gone: {error}") from error
        if not descriptors:
            raise GuestError(f"the machine's network: {text.decode() or 'its helper is gone'}")
        return descriptors[0]

    def listen(self, address: str, port: int, kind: socket.SocketKind) -> socket.socket:
        """Listen inside."""
        return socket.socket(fileno=self._ask(what="listen", address=address, port=port, kind=int(kind)))

    def client(self) -> socket.socket:
        """Make a socket that connects from inside."""
        return socket.socket(fileno=self._ask(what="client"))

    def broadcast(self, port: int) -> socket.socket:
        """Make a datagram socket for what has no address yet."""
        return socket.socket(fileno=self._ask(what="broadcast", port=port))

    def close(self) -> None:
        """Let the network go: the helper ends when nobody speaks to it."""
        self._channel.close()
        os.waitpid(self._helper, 0)


def _help(channel: socket.socket, address: str, mac: str) -> None:
    """Go into a namespace of one's own and serve there; never returns."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _enter()
        wire = _furnish(address)
        while wish := channel.recv(4096):
            _grant(channel, json.loads(wish), wire)
    except Exception as error:  # whatever it is, the other side must hear of it
        channel.send(f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(0)


def _enter() -> None:
    if os.geteuid() == 0:
        kernel.unshare(kernel.CLONE_NEWNET)
        return
    user, group = os.getuid(), os.getgid()
    kernel.unshare(CLONE_NEWUSER | kernel.CLONE_NEWNET)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")


def _furnish(address: str) -> int:
    """Lay the wire; returns the descriptor of the machine's end."""
    wire = kernel.open_tap(INTERFACE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        kernel.interface_up(control, "lo")
        for number, magic in enumerate((facts.WIRE_SERVER, facts.METADATA_SERVICE), 1):
            kernel.interface_address(control, f"lo:{number}", magic, "255.255.255.255")
        kernel.interface_address(control, INTERFACE, gateway(address), "255.255.255.0")
        kernel.interface_up(control, INTERFACE)
    return wire


def _grant(channel: socket.socket, wish: dict[str, Any], wire: int) -> None:
    if wish["what"] == "wire":
        socket.send_fds(channel, [b"."], [wire])
        os.close(wire)
        return
    try:
        made = _make(wish)
    except OSError as error:
        channel.send(f"{wish}: {error}".encode())
        return
    with made:
        socket.send_fds(channel, [b"."], [made.fileno()])


def _make(wish: dict[str, Any]) -> socket.socket:
    kind = socket.SOCK_DGRAM if wish["what"] == "broadcast" else wish.get("kind", socket.SOCK_STREAM)
    made = socket.socket(socket.AF_INET, kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if wish["what"] == "listen":
            made.bind((wish["address"], wish["port"]))
            if kind == socket.SOCK_STREAM:
                made.listen(_BACKLOG)
        elif wish["what"] == "broadcast":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            made.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, struct.pack("16s", INTERFACE.encode()))
            made.bind((_EVERYWHERE, wish["port"]))
    except OSError:
        made.close()
        raise
    return made


def probe() -> None:
    """Make a network and let it go; GuestError says why it cannot be made."""
    GuestNetwork("127.16.255.254", "000D3A000000").close()
