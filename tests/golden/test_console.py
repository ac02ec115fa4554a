"""What a failure looks like on the terminal."""

import pytest

from factory.errors import VerificationFailed
from golden.console import show_error

FINDINGS = ["the new user cannot log in: nothing was provisioned", "the old user still logs in"]


def test_a_failed_verification_names_its_findings_and_shows_its_serial_log_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = VerificationFailed("versions/1.0.0", FINDINGS, serial_log="[ OK ] Started sshd\napp-vm login:")
    show_error(error)
    said = capsys.readouterr().err
    assert said.count("app-vm login:") == 1
    assert all(f"- {finding}" in said for finding in FINDINGS)
    assert "stays excluded from latest" in said
    assert "app-vm login:" in str(error), "where nobody prints it, the error itself tells it"
