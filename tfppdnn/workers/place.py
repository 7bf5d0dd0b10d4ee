"""Which of several workers this process is: what TF_CONFIG says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tfppdnn.errors import UserError


@dataclass(frozen=True)
class Place:
    """Which of the workers a process is.

    Attributes:
        index: Its number. Worker 0 is the chief, who alone writes.
        count: How many there are.
    """

    index: int = 0
    count: int = 1


ALONE = Place()


def place_in(text: str | None) -> Place:
    """Reads TF_CONFIG.

    Args:
        text: JSON: `cluster`, addresses by job (`worker`, and `chief` if there is one), and
            `task`, this process's job and index; None or empty for a process that is alone.

    Raises:
        UserError: It is anything else.
    """
    if not text:
        return ALONE
    try:
        config = json.loads(text)
        cluster = config["cluster"]
        job, index = config["task"]["type"], config["task"]["index"]
    except (ValueError, KeyError, TypeError):
        raise _malformed(f"{text[:200]} is not of that form") from None
    known = isinstance(cluster, dict) and set(cluster) <= {"chief", "worker"}
    if not known or not all(map(_are_addresses, cluster.values())):
        raise _malformed("cluster holds other than lists of HOST:PORT, of a chief and of workers")
    if len(cluster.get("chief", [])) > 1:
        raise _malformed("there is more than one chief")
    addresses = [*cluster.get("chief", []), *cluster.get("worker", [])]
    if len(set(addresses)) < len(addresses):
        raise _malformed("an address stands there twice")
    count = len(cluster.get(job, [])) if isinstance(job, str) else 0
    if type(index) is not int or not 0 <= index < count:
        raise _malformed(f"task names {job} {index}, of which cluster has {count}")
    if job == "worker":
        index += len(cluster.get("chief", []))
    return Place(index, len(addresses))


def _malformed(why: str) -> UserError:
    return UserError(
        'TF_CONFIG must be like {"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": '
        f'"worker", "index": 0}}}}, and {why}; mend or unset it'
    )


def _are_addresses(addresses: Any) -> bool:
    return isinstance(addresses, list) and all(
        isinstance(one, str) and one.rpartition(":")[0] and one.rpartition(":")[2].isdecimal()
        for one in addresses
    )
