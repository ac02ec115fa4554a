"""`chown` and its kin succeed without doing anything, for this process and all that come of it.

In a user namespace with a single ID there is nobody to give a file to, and half of what administers a Linux
tries to. The same answer serves those who build images without root (`apt` has had it since 2018). The
rest of the system calls pass; what may harm the computer is out of reach by the namespaces already.
"""

from __future__ import annotations

import ctypes
import os
import struct

from localazure.guests.namespace import kernel

_SUCCEED, _ALLOW = 0x00050000, 0x7FFF0000  # SECCOMP_RET_ERRNO | 0, SECCOMP_RET_ALLOW
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARCHITECTURE = 0, 4

# Of linux/audit.h and each architecture's unistd.h: chown, fchown, lchown, fchownat; then the setters of
# identities (setuid, setgid, setgroups, setreuid, setregid, setresuid, setresgid, setfsuid, setfsgid).
_CALLS = {
    "x86_64": (0xC000003E, (92, 93, 94, 260), (105, 106, 116, 113, 114, 117, 119, 122, 123)),
    "aarch64": (0xC00000B7, (55, 54), (146, 144, 159, 145, 143, 147, 149, 151, 152)),
}

Instruction = tuple[int, int, int, int]


def program(machine: str) -> list[Instruction]:
    """The filter for an architecture; KeyError for one that we do not know."""
    architecture, ownership, identity = _CALLS[machine]
    calls = (*ownership, *identity)
    tests = [(_JUMP_IF_EQUAL, len(calls) - index, 0, number) for index, number in enumerate(calls)]
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 0, len(calls) + 1, architecture),
        (_LOAD, 0, 0, _NUMBER),
        *tests,
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _SUCCEED),
    ]


def pretend_ownership() -> None:
    """Put the filter in force; it cannot be taken back."""
    instructions = program(os.uname().machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *i) for i in instructions))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(instructions), ctypes.addressof(code)))
    kernel.control_process(_PR_SET_NO_NEW_PRIVS, 1)
    kernel.control_process(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header))
