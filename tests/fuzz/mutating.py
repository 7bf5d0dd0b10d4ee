"""Damage: of bytes whatever they are, and of JSON that stays JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

_MOST_DAMAGES = 8
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# Stand in for what `json.dumps` cannot write.
_DEEP, _HUGE = "@deep@", "@huge@"


def damaged_bytes(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Damages a file in one to eight places.

    Args:
        chance: Decides where and how.
        content: The file.
        others: Files that it is spliced with.
    """
    made = bytearray(content)
    for _ in range(chance.randint(1, _MOST_DAMAGES)):
        if not made:
            break
        chance.choice(_OF_BYTES)(chance, made, others)
    return bytes(made)


def _flip(chance: random.Random, made: bytearray, others: Sequence[bytes]) -> None:
    made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)


def _flip_in_the_head(chance: random.Random, made: bytearray, others: Sequence[bytes]) -> None:
    made[chance.randrange(min(len(made), 64))] = chance.randrange(256)


def _cut(chance: random.Random, made: bytearray, others: Sequence[bytes]) -> None:
    del made[chance.randrange(len(made)) :]


def _leave_out(chance: random.Random, made: bytearray, others: Sequence[bytes]) -> None:
    start = chance.randrange(len(made))
    del made[start : start + chance.randint(1, 64)]


def _insert(chance: random.Random, made: bytearray, others: Sequence[bytes]) -> None:
    place = chance.randrange(len(made))
    made[place:place] = chance.randbytes(chance.randint(1, 64))


def _repeat(chance: random.Random, made: bytearray, others: Sequence[bytes]) -> None:
    start = chance.randrange(len(made))
    made[start:start] = made[start : start + chance.randint(1, 1024)] * chance.randint(1, 8)


def _field(chance: random.Random, made: bytearray, others: Sequence[bytes]) -> None:
    """A number, perhaps a length, becomes one of those at which arithmetic breaks."""
    size = chance.choice((1, 2, 4, 8))
    place = chance.randrange(max(len(made) - size, 1))
    value = chance.choice((*_EXTREMES, len(made), len(made) + 1)) % 256**size
    made[place : place + size] = value.to_bytes(size, chance.choice(("big", "little")))


def _splice(chance: random.Random, made: bytearray, others: Sequence[bytes]) -> None:
    if others:
        other = chance.choice(others)
        made[chance.randrange(len(made)) :] = other[chance.randrange(len(other) + 1) :]


_OF_BYTES: tuple[Callable[[random.Random, bytearray, Sequence[bytes]], None], ...] = (
    *(_flip, _flip, _flip_in_the_head, _cut, _leave_out, _insert, _repeat, _field, _field),
    _splice,
)


def junk(chance: random.Random) -> Any:
    """A value that hardly anybody expects."""
    return chance.choice(
        (
            *(None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, 1e-308, 2**31, 2**63, 10**30),
            *(float("nan"), float("inf"), "", "x", "None", "../..", "\x00", "\ud800", "é" * 40),
            *("a" * 5000, "1", [], [[]], {}, {"": None}, [0] * 300, [None, "", {}], _DEEP, _HUGE),
        )
    )


def damaged_json(chance: random.Random, content: Any) -> bytes:
    """Damages what is in a JSON file, in one to three places; it stays valid JSON.

    Args:
        chance: Decides where and how.
        content: What it holds; is left as it is.
    """
    made = json.loads(json.dumps(content))
    for _ in range(chance.randint(1, 3)):
        places = list(_places(made))
        if not places:
            return as_json(junk(chance))
        holder, key = chance.choice(places)
        other_holder, other_key = chance.choice(places)
        how = chance.randrange(6)
        if how == 0:
            del holder[key]
        elif how == 1:
            holder[key] = json.loads(json.dumps(other_holder[other_key]))
        elif how == 2:
            holder[key] = chance.choice(([holder[key]], {"of": holder[key]}, str(holder[key])))
        elif how == 3 and isinstance(holder, dict):
            holder[f"{key}_"] = holder.pop(key)
        else:
            holder[key] = junk(chance)
    return as_json(made)


def as_json(content: Any) -> bytes:
    """Writes JSON with what Python cannot: very deep nesting, very long numbers."""
    text = json.dumps(content)
    text = text.replace(f'"{_DEEP}"', "[" * 3000 + "]" * 3000).replace(f'"{_HUGE}"', "9" * 5000)
    return text.encode()


def _places(content: Any):
    """Every place in nested objects and lists, as its holder and its key."""
    pending = [content]
    while pending:
        holder = pending.pop()
        keys = holder if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            yield holder, key
            if isinstance(holder[key], (dict, list)):
                pending.append(holder[key])
