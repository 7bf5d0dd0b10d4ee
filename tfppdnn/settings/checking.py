"""What presets have in common: checked values, options by name, and a help text."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from tfppdnn.errors import UserError

Rule = Callable[[Any], str | None]
"""Says what is wrong with a value, or nothing."""


def between(above: float, highest: float, rule: str) -> Rule:
    """Allows finite numbers above one bound and at or below the other; others are no business."""

    def check(value: Any) -> str | None:
        right = not is_number(value) or (above < value <= highest and math.isfinite(value))
        return None if right else rule

    return check


def all_or_at_least(fewest: int) -> Rule:
    """Allows 0, which stands for all, and whole numbers from `fewest`."""
    rule = f"must be 0 (for all), or {fewest} or more"
    return lambda value: None if not is_number(value) or value == 0 or value >= fewest else rule


def one_of(*words: str) -> Rule:
    """Allows these words only."""
    return lambda value: None if value in words else f"must be {' or '.join(words)}"


def number_or(*words: str) -> Rule:
    """Allows a number greater than 0, or one of these words."""

    def check(value: Any) -> str | None:
        if isinstance(value, str) and value not in words:
            return f"must be a number, {' or '.join(words)}"
        return POSITIVE(value)

    return check


def three_finite_numbers(value: Any) -> str | None:
    """Allows tuples of finite numbers."""
    return None if all(map(math.isfinite, value)) else "must be three finite numbers"


POSITIVE = between(0, math.inf, "must be greater than 0")
COUNT = between(-1, math.inf, "must be 0 (for all) or more")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Values that are checked when they are made.

    Attributes:
        RULES: What is allowed, by field; any other number must be greater than 0.

    Raises:
        UserError: If a value is out of range.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {}

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            wrong = self.RULES.get(field.name, POSITIVE)(value)
            if wrong:
                raise UserError(f"--{field.name}={value}: {wrong}")


Made = TypeVar("Made", bound=Settings)


def make(presets: Mapping[str, type[Made]], name: str, overrides: dict[str, Any] | None) -> Made:
    """Makes a preset with some of its values replaced.

    Args:
        presets: By name; all have the same fields.
        name: One of them.
        overrides: Values by field name, as the command line gives them.

    Returns:
        The preset.

    Raises:
        UserError: No such preset or field, or a value of the wrong type or out of range.
    """
    if name not in presets:
        raise UserError(f"--preset={name}: there is no such preset; choose {', '.join(presets)}")
    fields = {field.name: field for field in dataclasses.fields(presets[name])}
    values = {}
    for option, value in (overrides or {}).items():
        if option not in fields:
            close = difflib.get_close_matches(option, fields, n=1)
            meant = f"did you mean --{close[0]}?" if close else "see --help"
            raise UserError(f"--{option}: there is no such option; {meant}")
        values[option] = _coerce(option, value, fields[option].type)
    return presets[name](**values)


def explained(described: type[Settings], presets: Mapping[str, type[Settings]]) -> str:
    """Lists every setting with its meaning and its value in each preset, for `--help`."""
    text = inspect.cleandoc(described.__doc__ or "")
    found = re.findall(r"^ {4}(\w+): ((?:.|\n {8})+)", text, flags=re.MULTILINE)
    names = " | ".join(presets)
    lines = [f"\n\nSETTINGS (each is an option, --NAME=VALUE; values of {names})"]
    for name, meaning in found:
        values = [str(getattr(preset, name, None)) for preset in presets.values()]
        same = len(set(values)) == 1
        lines.append(f"    --{name}={values[0] if same else ' | '.join(values)}")
        lines.append(f"        {' '.join(meaning.split())}")
    return "\n".join(lines)


def is_number(value: Any) -> bool:
    """Whether a value is a number; Python counts True among them."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _coerce(option: str, value: Any, annotation: str) -> Any:
    """Turns what fire parsed into the field's type, or says what is expected."""
    if annotation == "bool" and isinstance(value, bool):
        return value
    if annotation in ("float", "float | str") and is_number(value):
        return float(value)
    if annotation == "int" and is_number(value) and float(value).is_integer():
        return int(value)
    if annotation.endswith("None") and value is None:
        return None
    if "str" in annotation and not isinstance(value, bool):
        return str(value)
    if annotation.startswith("tuple") and isinstance(value, (list, tuple)):
        numbers = tuple(float(v) for v in value if is_number(v))
        if len(numbers) == len(value) == 3:
            return numbers
    kinds = {
        "bool": "True or False",
        "int": "a whole number",
        "float": "a number",
        "float | str": "a number, measured or off",
        "str": "a word",
        "str | None": "a file, imagenet or reference",
    }
    raise UserError(f"--{option}={value}: expected {kinds.get(annotation, 'three numbers, a,b,c')}")
