"""How far a piece of work is: a bar of 80 columns on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Self, TypeVar

from tqdm import tqdm

_COLUMNS = 80
_FIGURES = 2
_LINE_EVERY_SECONDS = 30.0
# What a bar has beside its title and its counts: the share, the bar itself, the time left.
_BESIDE = len(" 100% |####| , 00:00:00 left")

_Item = TypeVar("_Item")


class Progress:
    """Says on stderr how far a piece of work is, and how long it will still take.

    On a terminal that is one bar. Where stderr goes to a file there is a line when the work is
    done, and every half minute until then.

    Args:
        title: What is being made.
        total: How many pieces there are.
        unit: What a piece is, in the plural.
        done: Pieces that were there before.
        brief: Whether to say nothing of work that takes a moment, and nothing when it is done.
    """

    def __init__(
        self, title: str, total: int, *, unit: str = "steps", done: int = 0, brief: bool = False
    ):
        self.title, self.total, self.unit, self.done = title, total, unit, done
        self._brief, self._figures = brief, ""
        self._started = self._said = time.monotonic()
        # The first piece may take longer than all others; rates are counted from it on.
        self._first: tuple[float, int] | None = None
        self._bar = self._terminal_bar() if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def update(self, count: int = 1) -> None:
        """Counts pieces that were just made."""
        now = time.monotonic()
        self.done += count
        self._first = self._first or (now, self.done)
        if self._bar is not None:
            self._bar.update(count)
        elif self.done < self.total and now - self._said >= _LINE_EVERY_SECONDS:
            self._said = now
            self._say(f"{self.done:,} of {self.total:,} {self.unit}{self._left(now)}")

    def show(self, figures: Mapping[str, float]) -> None:
        """Shows the first figures of a training: two of them, or as many as fit.

        Args:
            figures: By name.
        """
        room = self._room() - len(self.title)
        texts = [f", {name} {float(value):.3g}" for name, value in figures.items()][:_FIGURES]
        while self._bar is not None and texts and len("".join(texts)) > room:
            texts.pop()
        self._figures = "".join(texts)
        if self._bar is not None:
            self._bar.set_postfix_str(self._figures[2:], refresh=False)

    def close(self) -> None:
        """Ends the bar's line, or says how long it took."""
        if self._bar is not None:
            self._bar.close()
        elif not self._brief and self.done >= self.total:
            took = tqdm.format_interval(time.monotonic() - self._started)
            self._say(f"{self.total:,} {self.unit} in {took}")

    def _terminal_bar(self) -> tqdm:
        try:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
        except (OSError, ValueError):
            columns = _COLUMNS
        return tqdm(
            total=self.total,
            initial=self.done,
            desc=self.title[: self._room()],
            # A terminal goes to the next line when its last column is written to.
            ncols=min(columns, _COLUMNS) - 1,
            bar_format="{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}, {remaining} left"
            "{postfix}",
            mininterval=0.5,
            smoothing=0.1,
            leave=not self._brief,
            delay=2 if self._brief else 0,
            file=sys.stderr,
        )

    def _room(self) -> int:
        """Columns that a bar leaves for its title and its figures."""
        return _COLUMNS - _BESIDE - 2 * len(str(self.total)) - 1

    def _left(self, now: float) -> str:
        since, before = self._first
        if self.done == before:
            return ""
        seconds = (now - since) / (self.done - before) * (self.total - self.done)
        return f", {tqdm.format_interval(seconds)} left"

    def _say(self, text: str) -> None:
        print(f"{self.title}: {text}{self._figures}", file=sys.stderr, flush=True)


def following(
    items: Iterable[_Item], title: str, total: int, *, unit: str, brief: bool = False
) -> Iterator[_Item]:
    """Yields items, and says how far their reader is; see `Progress`.

    Args:
        items: What is worked on, one by one.
        title: What is being made.
        total: How many items there are.
        unit: What an item is, in the plural.
        brief: Whether to say nothing of work that takes a moment.
    """
    with Progress(title, total, unit=unit, brief=brief) as progress:
        for item in items:
            yield item
            progress.update()
