"""The kinds of values that settings have: checked by pydantic, explained in our words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from tfppdnn.errors import UserError


def _whole(value: Any) -> Any:
    # The command line reads 1e3 as a float.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _listed(value: Any) -> Any:
    # JSON and the command line have lists only.
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


# The text behind a bound is what a value outside it is answered with.
WholeNumber = Annotated[int, BeforeValidator(_whole)]
Count = Annotated[WholeNumber, Field(gt=0), "must be greater than 0"]
AllOrSome = Annotated[WholeNumber, Field(ge=0), "must be 0 (for all) or more"]
Positive = Annotated[float, Field(gt=0), "must be greater than 0"]
Weight = Annotated[float, Field(ge=0), "must be 0 or more"]
OfAnImage = Annotated[
    float, Field(gt=0, le=1), "must be greater than 0 and at most 1 (images lie in [0, 1])"
]
ImageSize = Annotated[WholeNumber, Field(ge=32, le=4096), "must be from 32 to 4096"]
Depth = Annotated[WholeNumber, Field(ge=1, le=8), "must be from 1 to 8"]
ThreeNumbers = Annotated[
    tuple[float, float, float], BeforeValidator(_listed), "must be three finite numbers"
]


def whole_number(lowest: int, highest: int) -> Any:
    """The kind of whole numbers from `lowest` to `highest`."""
    rule = f"must be from {lowest} to {highest}"
    return Annotated[WholeNumber, Field(ge=lowest, le=highest), rule]


def number(lowest: float, highest: float) -> Any:
    """The kind of numbers from `lowest` to `highest`."""
    return Annotated[float, Field(ge=lowest, le=highest), f"must be from {lowest} to {highest}"]


def all_or_at_least(fewest: int) -> Any:
    """The kind of whole numbers from `fewest`, and of 0, which stands for all."""
    rule = f"must be 0 (for all), or {fewest} or more"

    def check(value: int) -> int:
        if 0 < value < fewest:
            raise ValueError(rule)
        return value

    return Annotated[WholeNumber, Field(ge=0), AfterValidator(check), rule]


def checked_seed(seed: Any) -> int:
    """Returns the seed, or raises `UserError` if it is not a whole number from 0."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise UserError(f"--seed={seed}: must be a whole number from 0 to 2147483647")
    return seed
