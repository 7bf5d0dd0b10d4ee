"""Settings in groups that hold other groups; on the command line and on disk they lie flat."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar, Self, TypeVar

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails

from tfppdnn.errors import UserError

CHECKED = ConfigDict(strict=True, allow_inf_nan=False)
"""What all groups give to `pydantic.dataclasses.dataclass`."""


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class Group:
    """Settings that belong together; a field is a value or another group.

    Made by hand, a group raises pydantic's `ValidationError`; made of options, see `replaced`, it
    raises a `UserError` that names the option.

    Attributes:
        PREFIX: What a field's option has before the field's name.
        OPTIONS: Options that are called otherwise, by field.
    """

    PREFIX: ClassVar[str] = ""
    OPTIONS: ClassVar[Mapping[str, str]] = {}

    def options(self, *groups: str) -> dict[str, Any]:
        """Lists settings flat, as options are named and as `config.json` holds them.

        Args:
            groups: Fields that are groups, to list these only; all if none is named.
        """
        values = {}
        for name, value in self._fields():
            if groups and name not in groups:
                continue
            if isinstance(value, Group):
                values |= value.options()
            else:
                values[self._option(name)] = list(value) if isinstance(value, tuple) else value
        return values

    def replaced(self, options: Mapping[str, Any]) -> Self:
        """Makes the same settings with some other values.

        Args:
            options: Values by option; those of no group here are passed by.

        Raises:
            UserError: A value is of the wrong kind, out of range, or does not fit the others.
        """
        changed = {}
        for name, value in self._fields():
            if isinstance(value, Group):
                other = value.replaced(options)
                if other is not value:
                    changed[name] = other
            elif self._option(name) in options:
                changed[name] = options[self._option(name)]
        if not changed:
            return self
        try:
            return dataclasses.replace(self, **changed)
        except ValidationError as error:
            raise UserError(self._in_words(error.errors()[0], changed)) from None

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """Tells the meaning of each option of this very group, from its docstring."""
        text = inspect.cleandoc(cls.__doc__ or "")
        found = re.findall(r"^ {4}(\w+): ((?:.|\n {8})+)", text, flags=re.MULTILINE)
        names = {
            name
            for name, field in cls.__pydantic_fields__.items()
            if not (isinstance(field.annotation, type) and issubclass(field.annotation, Group))
        }
        return {
            cls._option(name): " ".join(meaning.split()) for name, meaning in found if name in names
        }

    def groups(self) -> Iterator[Group]:
        """Yields this group and all that it holds."""
        yield self
        for _, value in self._fields():
            if isinstance(value, Group):
                yield from value.groups()

    @classmethod
    def _option(cls, field: str) -> str:
        return cls.OPTIONS.get(field, cls.PREFIX + field)

    def _fields(self) -> Iterator[tuple[str, Any]]:
        for field in dataclasses.fields(self):
            yield field.name, getattr(self, field.name)

    @classmethod
    def _in_words(cls, error: ErrorDetails, given: Mapping[str, Any]) -> str:
        """Says in one line what pydantic found."""
        if not error["loc"]:  # Of several settings together: the text names an option itself.
            return str(error["ctx"]["error"])
        name, kind = str(error["loc"][0]), error["type"]
        field = cls.__pydantic_fields__[name]
        rule = next((text for text in field.metadata if isinstance(text, str)), "")
        if kind == "literal_error":
            rule = f"must be {error['ctx']['expected']}".replace("'", "")
        elif not rule or kind in ("missing", "too_long") or kind.endswith("_type"):
            rule = f"expected {_expected(field.annotation)}"
        return f"--{cls._option(name)}={given[name]}: {rule}"


SomeSettings = TypeVar("SomeSettings", bound=Group)


def chosen(
    settings: SomeSettings | Mapping[str, Any] | None,
    preset: str | None,
    *,
    kind: type[SomeSettings],
    make: Callable[[str | None, Mapping[str, Any]], SomeSettings],
    otherwise: str | None = "quick",
) -> tuple[SomeSettings, str | None]:
    """Makes settings of what a function was given: a preset, and what differs from it.

    Args:
        settings: Options that differ from the preset's, or settings that need none.
        preset: Its name; None if none was given.
        kind: What settings are.
        make: Makes them of a preset and options.
        otherwise: The preset that `make` takes where none is given.

    Returns:
        The settings, and the preset that they were made from, if they were.

    Raises:
        UserError: Settings are given beside a preset, or are something else.
    """
    if isinstance(settings, kind):
        if preset is not None:
            raise UserError(
                f"preset={preset!r} and whole settings: one would hide the other; leave out "
                "preset, or give only the options that differ from it"
            )
        return settings, None
    if settings is not None and not isinstance(settings, Mapping):
        hint = f"; of a preset it is preset={settings!r}" if isinstance(settings, str) else ""
        raise UserError(
            f"settings={settings!r}: expected options by name, as in {{'test_images': 100}}, or "
            f"{kind.__name__}{hint}"
        )
    return make(preset, settings or {}), otherwise if preset is None else preset


def unknown_option(option: str, known: Mapping[str, Any]) -> UserError:
    """Answers an option that there is not with the nearest one."""
    close = difflib.get_close_matches(option, known, n=1)
    meant = f"did you mean --{close[0]}?" if close else "see --help"
    return UserError(f"--{option}: there is no such option; {meant}")


def explained(presets: Mapping[str, Group], only: Collection[str] | None = None) -> str:
    """Lists settings with their meanings and their values in each preset, for `--help`.

    Args:
        presets: By name; their groups need not be the same.
        only: The options to list; None for all.
    """
    if only is not None and not only:
        return ""
    values = {name: settings.options() for name, settings in presets.items()}
    groups: dict[type[Group], None] = {}
    for settings in presets.values():
        groups |= dict.fromkeys(type(group) for group in settings.groups())
    of = f"; values of {' | '.join(presets)}" if len(presets) > 1 else ""
    lines = [f"\n\nSETTINGS (each is an option, --NAME=VALUE{of})"]
    for group in groups:
        for option, meaning in group.meanings().items():
            if only is not None and option not in only:
                continue
            shown = [str(of_preset.get(option, "-")) for of_preset in values.values()]
            if len(set(shown)) == 1:
                shown = shown[:1]
            lines.append(f"    --{option}={' | '.join(shown)}")
            lines.append(f"        {meaning}")
    return "\n".join(lines)


def _expected(annotation: Any) -> str:
    text = str(annotation)
    if annotation is bool:
        return "True or False"
    if annotation is int:
        return "a whole number"
    if annotation is float:
        return "a number"
    if "tuple" in text:
        return "three numbers, a,b,c"
    if "measured" in text:
        return "a number, measured or off"
    return "a file or a name" if "None" in text else "a word"
