"""A root shell over a real SSH connection on loopback: what it runs, whom it trusts, and how it ends."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import (
    ConnectionLost,
    DeadlineExceeded,
    HostKeyMismatch,
    LoginRefused,
    RemoteError,
)
from factory.guest.command import sh, sh_script
from factory.guest.guest import run_checked
from factory.remote.keys import HostKeys, make_key_pair
from factory.remote.ssh import SshGuest, try_login
from tests.factory.remote.sshd import Sshd


@pytest.fixture
def sshd() -> Iterator[Sshd]:
    with Sshd() as running:
        yield running


async def test_commands_run_as_root_in_one_and_the_same_process(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        first = await guest.run(sh_script("echo $PPID; id -u"))
        second = await guest.run(sh_script("echo $PPID; id -u"))
    assert first.stdout == second.stdout
    assert first.stdout.endswith("\n0\n")
    assert len(sshd.shells) == 1


async def test_both_streams_and_the_status_come_back_apart(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        output = await guest.run(sh_script("echo out; echo err >&2; exit 7"))
    assert (output.status, output.stdout, output.stderr) == (7, "out\n", "err\n")


async def test_megabytes_of_output_do_not_block_and_are_cut_in_the_middle(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        output = await guest.run(sh("seq", "1", "1000000"))
        after = await guest.run(sh("echo", "still here"))
    assert output.stdout.endswith("\n1000000\n")
    assert "bytes left out" in output.stdout
    assert after.stdout == "still here\n"


async def test_calls_made_at_once_wait_for_their_turn(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        outputs = await asyncio.gather(*(guest.run(sh("echo", str(number))) for number in range(10)))
    assert [output.stdout for output in outputs] == [f"{number}\n" for number in range(10)]


@settings(max_examples=8, deadline=None)
@given(st.binary(max_size=400_000))
def test_a_file_arrives_byte_for_byte_with_its_mode(content: bytes) -> None:
    async def put(path: Path) -> None:
        with Sshd() as server:
            async with SshGuest(server.login) as guest:
                await guest.put(str(path), content, 0o640)

    path = Path(f"/tmp/put {os.getpid()} 'q'")
    try:
        asyncio.run(put(path))
        assert path.read_bytes() == content
        assert path.stat().st_mode & 0o777 == 0o640
        assert not Path(f"{path}.part").exists()
    finally:
        path.unlink(missing_ok=True)


async def test_a_file_for_a_missing_directory_is_an_error_that_names_it(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        with pytest.raises(RemoteError, match="no/such/dir"):
            await guest.put("/no/such/dir/file", b"x")


async def test_a_command_past_its_deadline_is_cut_and_the_door_is_shut(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        begun = time.monotonic()
        with pytest.raises(DeadlineExceeded, match="sleep 60"):
            await guest.run(sh("sleep", "60", timeout=0.3))
        assert time.monotonic() - begun < 5
        with pytest.raises(ConnectionLost, match="too late"):
            await guest.run(sh("echo", "too late"))


async def test_a_cancelled_command_does_not_wait_for_the_machine(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        running = asyncio.create_task(guest.run(sh("sleep", "60")))
        await asyncio.sleep(0.2)
        running.cancel()
        begun = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - begun < 5


async def test_a_connection_that_breaks_names_the_command_it_broke_under(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        running = asyncio.create_task(guest.run(sh("sleep", "60")))
        await asyncio.sleep(0.3)
        sshd.drop()
        with pytest.raises(ConnectionLost, match="sleep 60") as caught:
            await running
    assert caught.value.command == "sleep 60"


async def test_a_shell_that_ends_is_a_lost_connection_not_an_endless_wait(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        with pytest.raises(ConnectionLost, match="root shell is gone"):
            await guest.run(sh_script("kill -9 $PPID"))


async def test_a_machine_with_another_host_key_is_refused_before_any_login(sshd: Sshd) -> None:
    login = replace(sshd.login, host_keys=HostKeys.from_public_keys([make_key_pair("other").public]))
    begun = time.monotonic()
    with pytest.raises(HostKeyMismatch) as caught:
        async with SshGuest(login):
            pass
    assert time.monotonic() - begun < 5, "a mismatch is final, not retried"
    assert caught.value.expected == str(login.host_keys)
    assert caught.value.found == str(sshd.login.host_keys)
    assert sshd.connections == 1
    assert not sshd.shells


async def test_a_machine_whose_keys_nobody_knows_is_refused(sshd: Sshd) -> None:
    with pytest.raises(HostKeyMismatch, match="none"):
        async with SshGuest(replace(sshd.login, host_keys=HostKeys({}))):
            pass


async def test_a_refused_login_is_retried_within_its_grace(sshd: Sshd) -> None:
    sshd.refusals = 2
    async with SshGuest(replace(sshd.login, login_grace=30)) as guest:
        assert (await guest.run(sh("echo", "in"))).stdout == "in\n"


async def test_a_refused_login_is_final_after_its_grace(sshd: Sshd) -> None:
    with pytest.raises(LoginRefused, match="stranger"):
        async with SshGuest(replace(sshd.login, user="stranger")):
            pass


async def test_a_user_who_cannot_become_root_is_told_so_with_a_remedy(sshd: Sshd) -> None:
    sshd.sudo = False
    with pytest.raises(RemoteError, match="a password is required") as caught:
        async with SshGuest(sshd.login):
            pass
    assert caught.value.remedy


async def test_a_server_that_restarts_after_the_first_login_is_tried_again(sshd: Sshd) -> None:
    sshd.hang_ups = 2
    async with SshGuest(sshd.login) as guest:
        assert (await guest.run(sh("echo", "in"))).stdout == "in\n"
    assert sshd.connections == 3


async def test_a_server_that_says_nothing_is_given_up_at_the_deadline() -> None:
    with Sshd(silent=True) as sshd:
        begun = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            async with SshGuest(replace(sshd.login, deadline=0.5)):
                pass
        assert time.monotonic() - begun < 10


async def test_a_shell_that_ends_at_once_is_told_with_its_command() -> None:
    with Sshd(shell="/bin/false") as sshd, pytest.raises(RemoteError, match="sudo -n -- /bin/sh"):
        async with SshGuest(sshd.login):
            pass


async def test_root_needs_no_sudo() -> None:
    with Sshd(user="root", sudo=False) as sshd:
        async with SshGuest(sshd.login) as guest:
            assert (await guest.run(sh("id", "-u"))).stdout == "0\n"


async def test_a_machine_that_starts_late_is_waited_for() -> None:
    with Sshd() as late:
        port = _free_port()
        login = replace(late.login, port=port, deadline=30)
        waiting = asyncio.create_task(_echo(login_guest := SshGuest(login)))
        await asyncio.sleep(0.5)
        assert not waiting.done(), login_guest.name
        forward = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=_forward, args=(forward, late.port), daemon=True).start()
        try:
            assert await waiting == "here\n"
        finally:
            forward.close()


async def test_a_port_where_nothing_listens_ends_at_the_deadline_with_the_last_state() -> None:
    with Sshd() as sshd:
        login = replace(sshd.login, port=_free_port(), deadline=0.5)
    with pytest.raises(DeadlineExceeded, match="nothing listens"):
        async with SshGuest(login):
            pass


async def test_no_thread_is_left_when_all_is_over(sshd: Sshd) -> None:
    async with SshGuest(sshd.login) as guest:
        await run_checked(guest, sh("true"))
    deadline = time.monotonic() + 5
    while any(thread.name.startswith("ssh ") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_an_old_key_that_still_opens_the_door_is_seen(sshd: Sshd) -> None:
    assert await try_login(sshd.login) is True


async def test_an_old_key_that_is_refused_is_seen(sshd: Sshd) -> None:
    assert await try_login(replace(sshd.login, key=make_key_pair("old"))) is False


async def test_a_machine_that_does_not_answer_has_not_refused_a_key() -> None:
    with Sshd() as sshd:
        login = replace(sshd.login, port=_free_port(), deadline=0.2)
    with pytest.raises(DeadlineExceeded):
        await try_login(login)


async def _echo(guest: SshGuest) -> str:
    async with guest:
        return (await guest.run(sh("echo", "here"))).stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _forward(listener: socket.socket, port: int) -> None:
    try:
        near, _ = listener.accept()
    except OSError:
        return
    far = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=_pump, args=(near, far), daemon=True).start()
    _pump(far, near)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with source, sink:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            return
