"""The hash behind `uniqueString`: ARM's variant of MurmurHash, 64 bits, written in base 32.

Its values are part of the contract: names made by it must be the ones that Azure would make.
"""

from __future__ import annotations

_MASK = 0xFFFFFFFF
_C1, _C2 = 0x239B961B, 0xAB0E9789
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _MASK


def _mix_first(word: int) -> int:
    return _rotate(word * _C1 & _MASK, 15) * _C2 & _MASK


def _mix_second(word: int) -> int:
    return _rotate(word * _C2 & _MASK, 17) * _C1 & _MASK


def _finish(value: int) -> int:
    value = (value ^ (value >> 16)) * 0x85EBCA6B & _MASK
    value = (value ^ (value >> 13)) * 0xC2B2AE35 & _MASK
    return value ^ (value >> 16)


def murmur64(data: bytes) -> int:
    """64 bits of hash."""
    first = second = 0
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        first ^= _mix_first(int.from_bytes(data[at : at + 4], "little"))
        first = ((_rotate(first, 19) + second) * 5 + 0x561CCD1B) & _MASK
        second ^= _mix_second(int.from_bytes(data[at + 4 : at + 8], "little"))
        second = ((_rotate(second, 13) + first) * 5 + 0x0BCAA747) & _MASK
    rest = data[whole:]
    if rest:
        first ^= _mix_first(int.from_bytes(rest[:4], "little"))
    if len(rest) > 4:
        second ^= _mix_second(int.from_bytes(rest[4:], "little"))
    first, second = first ^ len(data), second ^ len(data)
    first = (first + second) & _MASK
    second = (second + first) & _MASK
    first, second = _finish(first), _finish(second)
    first = (first + second) & _MASK
    second = (second + first) & _MASK
    return second << 32 | first


def unique_string(*parts: str) -> str:
    """13 letters and digits that depend on all parts and their case."""
    value = murmur64("-".join(parts).encode())
    letters = []
    for _ in range(13):
        letters.append(_ALPHABET[value >> 59])
        value = value << 5 & 0xFFFFFFFFFFFFFFFF
    return "".join(letters)
