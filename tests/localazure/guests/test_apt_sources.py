"""Which of this computer's archives a guest is made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from localazure.guests.namespace.apt_sources import Release, Source, read_sources

BOOKWORM = Release("debian", "bookworm", "12")
KEY = "/usr/share/keyrings/debian-archive-keyring.gpg"


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_one_line_entries_are_read_with_their_options(apt: Path) -> None:
    (apt / "sources.list").write_text(
        "# deb http://commented.example bookworm main\n"
        f"deb [arch=amd64 signed-by={KEY}] http://a.example/debian bookworm main contrib non-free # own\n"
        "deb-src http://a.example/debian bookworm main\n"
        "deb http://a.example/debian bookworm-updates main\n"
    )
    assert [str(s) for s in read_sources(BOOKWORM, apt)] == [
        f"deb [signed-by={KEY}] http://a.example/debian bookworm main",
        "deb http://a.example/debian bookworm-updates main",
    ]


def test_deb822_entries_are_read_and_every_suite_is_one_source(apt: Path) -> None:
    (apt / "sources.list.d/debian.sources").write_text(
        f"""Types: deb deb-src
# a comment
URIs: http://a.example/debian
Suites: bookworm
  bookworm-security bookworm-backports
Components: main
Signed-By: {KEY}

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://src.example/debian
Suites: bookworm
Components: main
"""
    )
    found = read_sources(BOOKWORM, apt)
    assert found == [
        Source("http://a.example/debian", "bookworm", ("main",), KEY),
        Source("http://a.example/debian", "bookworm-security", ("main",), KEY),
    ]


def test_other_peoples_archives_are_left_out(apt: Path) -> None:
    (apt / "sources.list").write_text(
        "deb http://cloud.example cloud-sdk-bookworm main\n"
        "deb http://docker.example bookworm stable\n"
        "deb [signed-by=/etc/apt/keyrings/tool.gpg] http://tool.example bookworm main\n"
        "deb http://node.example nodistro main\n"
        "deb http://flat.example ./ \n"
    )
    assert read_sources(BOOKWORM, apt) == []


def test_an_archive_that_is_named_twice_is_used_once_and_backups_are_not_read(apt: Path) -> None:
    line = "deb http://a.example/debian bookworm main\n"
    (apt / "sources.list").write_text(line)
    (apt / "sources.list.d/again.list").write_text(line)
    (apt / "sources.list.d/again.list.save").write_text("deb http://b.example/debian bookworm main\n")
    assert len(read_sources(BOOKWORM, apt)) == 1


def test_ubuntus_universe_comes_along(apt: Path) -> None:
    (apt / "sources.list").write_text("deb http://a.example/ubuntu noble main restricted universe\n")
    (source,) = read_sources(Release("ubuntu", "noble", "24.04"), apt)
    assert source.components == ("main", "universe")


def test_the_release_is_what_os_release_says(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_text('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="x=y"\n')
    assert Release.read(file) == BOOKWORM
    assert Release.read(tmp_path / "absent") == Release("", "", "")
