"""`golden local ssh`: a way into any machine of the local Azure, made through Run Command."""

import asyncio
import os
import socket
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from factory.azure import machines, network, run_commands
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.linux.bootstrap import open_script
from golden import local_azure
from golden.console import Trouble, console
from golden.local_azure import LocalAzure
from golden.machine_console import find_machine

LOCAL_USER = "local-admin"
PORTS = (22, 2222)
_DEADLINE = timedelta(minutes=10)
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Way:
    """How a machine is reached: files that ssh reads, and where it goes."""

    address: str
    port: int
    key: Path
    known_hosts: Path

    def command(self, words: list[str]) -> list[str]:
        """The command line of ssh: this key, these host keys, nothing of the user's own configuration."""
        options = [
            f"UserKnownHostsFile={self.known_hosts}",
            "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes",
        ]
        return [
            *("ssh", "-F", "/dev/null", "-i", str(self.key), "-p", str(self.port)),
            *(word for option in options for word in ("-o", option)),
            f"{LOCAL_USER}@{self.address}",
            *words,
        ]


def enter(running: LocalAzure, name: str, words: list[str]) -> int:
    """Log in, as an administrator that is made through Run Command; returns the status of ssh."""
    machine = find_machine(running, name)
    os.environ.update(running.environment())
    with console.status(f"a way into {name}, through Run Command"):
        way = asyncio.run(_way(machine))
    return subprocess.run(way.command(words), check=False).returncode


async def _way(machine: dict[str, Any]) -> Way:
    """The way in: made the first time, and kept for as long as the machine has its id."""
    folder = local_azure.default_state().with_name("ssh") / str(machine["machine_id"])
    async with Azure(Connection.from_environment(os.environ)) as azure:
        found = await machines.get_machine(azure, machine["id"])
        interface = await network.get_interface(azure, found.interface_ids[0])
        port = _open_port(interface.private_ip)
        key, known_hosts = folder / "key", folder / "known_hosts"
        if not known_hosts.exists():
            await _make(azure, machine["id"], folder, f"[{interface.private_ip}]:{port}")
    return Way(interface.private_ip, port, key, known_hosts)


def _open_port(address: str) -> int:
    for port in PORTS:
        try:
            with socket.create_connection((address, port), timeout=_CONNECT_SECONDS):
                return port
        except OSError:
            continue
    raise Trouble(
        f"nothing answers at {address} on {' or '.join(map(str, PORTS))}",
        remedy="is it running, and does its network security group admit you? See: golden local console",
    )


async def _make(azure: Azure, machine_id: str, folder: Path, host: str) -> None:
    public = _key_pair(folder / "key")
    keys = await _run(azure, machine_id, "local-open", open_script(LOCAL_USER, public))
    lines = [line for line in keys.splitlines() if line.startswith(("ssh-", "ecdsa-"))]
    alone = host.removesuffix(":22").strip("[]") if host.endswith(":22") else host
    (folder / "known_hosts").write_text("".join(f"{alone} {line}\n" for line in lines))


def _key_pair(key: Path) -> str:
    """Make a key for this machine alone; returns the public one."""
    key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key.unlink(missing_ok=True)
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", LOCAL_USER, "-f", str(key))
    subprocess.run(words, check=True)
    return key.with_suffix(".pub").read_text(encoding="utf-8").strip()


async def _run(azure: Azure, machine_id: str, name: str, script: str) -> str:
    result = await run_commands.run_command(
        azure, machine_id, name=name, script=script, deadline=_DEADLINE, tags={}
    )
    return result.checked()
