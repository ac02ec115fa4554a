"""An SSH server on loopback for tests: paramiko's own server side in front of a real /bin/sh.

It can be told to refuse a login a few times, to lack sudo, or to drop the line: what a real machine does
while it boots, is misconfigured, or loses its network.
"""

import contextlib
import os
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import paramiko

from factory.remote.keys import HostKeys, KeyPair, make_key_pair
from factory.remote.ssh import Login


@dataclass
class Sshd(paramiko.ServerInterface):
    """Lets `user` in with `key`; every connection is answered by a thread of its own."""

    user: str = "azureuser"
    key: KeyPair = field(default_factory=lambda: make_key_pair("tests"))
    refusals: int = 0
    sudo: bool = True
    silent: bool = False
    hang_ups: int = 0
    shell: str = "/bin/sh"

    def __post_init__(self) -> None:
        self.host_key = make_key_pair("host")
        self.shells: list[subprocess.Popen[bytes]] = []
        self.transports: list[paramiko.Transport] = []
        self.connections = 0
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def login(self) -> Login:
        return Login(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            key=self.key,
            host_keys=HostKeys.from_public_keys([self.host_key.public]),
            deadline=10,
            login_grace=0,
        )

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.drop()
        for shell in self.shells:
            shell.kill()
            with contextlib.suppress(BrokenPipeError), shell:
                pass  # what nobody read of a shell that is gone cannot be flushed

    def drop(self) -> None:
        """Break every connection, as a network does."""
        for transport in self.transports:
            transport.close()
        for connection in self._held:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.silent:
                self._held.append(connection)
                continue
            transport = paramiko.Transport(connection)
            transport.add_server_key(self.host_key.for_paramiko())
            self.transports.append(transport)
            threading.Thread(target=self._serve, args=(transport,), daemon=True).start()

    def _serve(self, transport: paramiko.Transport) -> None:
        try:
            transport.start_server(server=self)
        except (OSError, EOFError, paramiko.SSHException):
            return

    # --- what paramiko asks

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = key.get_base64() == self.key.public.split()[1] and username == self.user
        if known and self.refusals > 0:
            self.refusals -= 1
            known = False
        return paramiko.common.AUTH_SUCCESSFUL if known else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if command == b"sudo -n -- /bin/sh" and not self.sudo:
            threading.Thread(target=self._refuse_sudo, args=(channel,), daemon=True).start()
            return True
        if self.hang_ups > 0:
            self.hang_ups -= 1
            channel.get_transport().close()
            return False
        become_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        shell = subprocess.Popen(
            [*become_root, self.shell],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.shells.append(shell)
        for pump in (self._to_shell, self._from_stdout, self._from_stderr):
            threading.Thread(target=pump, args=(channel, shell), daemon=True).start()
        return command in (b"sudo -n -- /bin/sh", b"/bin/sh")

    @staticmethod
    def _refuse_sudo(channel: paramiko.Channel) -> None:
        time.sleep(0.1)  # a real server accepts the command before it runs it
        channel.sendall_stderr(b"sudo: a password is required\n")
        channel.send_exit_status(1)
        channel.close()

    @staticmethod
    def _to_shell(channel: paramiko.Channel, shell: subprocess.Popen[bytes]) -> None:
        assert shell.stdin
        try:
            while data := channel.recv(65536):
                shell.stdin.write(data)
                shell.stdin.flush()
            shell.stdin.close()
        except (OSError, EOFError, ValueError, paramiko.SSHException):
            return

    @staticmethod
    def _from_stdout(channel: paramiko.Channel, shell: subprocess.Popen[bytes]) -> None:
        assert shell.stdout
        try:
            while data := os.read(shell.stdout.fileno(), 65536):
                channel.sendall(data)
            channel.send_exit_status(shell.wait() % 256)
            channel.close()
        except (OSError, EOFError, ValueError, paramiko.SSHException):
            return

    @staticmethod
    def _from_stderr(channel: paramiko.Channel, shell: subprocess.Popen[bytes]) -> None:
        assert shell.stderr
        try:
            while data := os.read(shell.stderr.fileno(), 65536):
                channel.sendall_stderr(data)
        except (OSError, EOFError, ValueError, paramiko.SSHException):
            return
