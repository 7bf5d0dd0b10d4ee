"""Asking again when a server is busy or away."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tfppdnn.client.answers import UnavailableError
from tfppdnn.errors import UserError

_Result = TypeVar("_Result")
_LOG = logging.getLogger(__name__)


# By hand: httpx repeats failed connections only, and tenacity needs more lines for Retry-After.
@dataclass(frozen=True, kw_only=True)
class Retry:
    """Exponential backoff with jitter.

    A prediction changes nothing on the server, so it may always be asked for again.

    Attributes:
        attempts: How often a request is sent at most.
        first_wait: Seconds before the second attempt; doubled before each further one.
        longest_wait: Seconds between two attempts at most. A server that asks for more
            (`Retry-After`) is not asked again.
        sleep: Waits that many seconds.
        jitter: Returns a random number in [0, 1).

    Raises:
        UserError: There are no attempts.
    """

    attempts: int = 5
    first_wait: float = 0.5
    longest_wait: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def __post_init__(self):
        if not self.attempts > 0:
            raise UserError(f"attempts={self.attempts}: a request has to be sent once or more")

    def __call__(self, request: Callable[[], _Result]) -> _Result:
        """Returns what `request` returns, called again each time it raises `UnavailableError`.

        Raises:
            UserError: The last attempt failed too, or the server asks for too much patience.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return request()
            except UnavailableError as error:
                wait = self._wait(attempt, error.retry_after)
                if attempt == self.attempts:
                    times = "once" if attempt == 1 else f"{attempt} times"
                    raise UserError(f"{error}; tried {times}, try again later") from error
                if wait > self.longest_wait:
                    raise UserError(f"{error}; it asks to wait {wait:.0f} seconds") from error
                _LOG.warning("%s; trying again in %.1f seconds", error, wait)
                self.sleep(wait)
        raise AssertionError("attempts is at least 1")

    def _wait(self, attempt: int, asked: float | None) -> float:
        # Half of it is random: clients that failed together do not come back together.
        backoff = min(self.longest_wait, self.first_wait * 2 ** (attempt - 1))
        return max(backoff * (1 + self.jitter()) / 2, asked or 0.0)
