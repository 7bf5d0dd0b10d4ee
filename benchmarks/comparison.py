"""What is compared: one piece of work, and who does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Work:
    """A piece of work that is ready to be timed, in the process that will do it.

    Attributes:
        call: Does the work once.
        items: How many images (or requests, or pairs) one call is of.
        outputs: What the work computes, by name, to be held against what the others compute.
            Computed before anything is timed, from the same inputs and weights.
    """

    call: Callable[[], Any]
    items: int
    outputs: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Somebody who does the work, in a process of its own.

    Attributes:
        name: As the table calls it.
        prepare: `module:function` that makes the `Work`; called with `settings`.
        settings: Keyword arguments of it, as JSON holds them.
        environment: Variables of the process.
        python: Its interpreter; ours if empty. A peer that pins other versions of NumPy has one of
            its own.
    """

    name: str
    prepare: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Ours beside its peers, on the same inputs, weights, precision and threads.

    Attributes:
        name: Of its row, and of its record under `results/benchmarks/`.
        what: One line for people: what is done, how often, on what.
        unit: What an item is, in the plural.
        ours: tfppdnn.
        peers: Everybody else.
        targets: By a peer's name, its wall time over ours that is to be reached at least.
        tolerance: By an output's name, the largest difference from ours that counts as equal,
            as a share of the largest value of ours.
        seconds: About how long each contender works in a round.
        rounds: How often each has its turn.
    """

    name: str
    what: str
    unit: str = "images"
    ours: Contender
    peers: tuple[Contender, ...]
    targets: Mapping[str, float] = field(default_factory=dict)
    tolerance: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 2.0
    rounds: int = 7
