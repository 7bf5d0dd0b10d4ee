"""How a server runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from tfppdnn.settings.group import CHECKED, Group, explained, unknown_option
from tfppdnn.settings.values import number, whole_number


def _split(text: Any) -> Any:
    """Reads names as the command line has them; others pass."""
    return (tuple(text.split(",")) if text else ()) if isinstance(text, str) else text


def _labelled(text: Any) -> Any:
    """Reads labels as the command line has them; others pass."""
    if not isinstance(text, str):
        return text
    labels = dict(re.findall(r"([^/:=,]+)=([0-9]{1,18})(?:,|$)", text))
    if ",".join(f"{label}={version}" for label, version in labels.items()) != text:
        raise ValueError
    return {label: int(version) for label, version in labels.items()}


_Name = Annotated[str, Field(pattern=r"^[^/:]+$"), "a name has no slash and no colon"]
# An empty one would be all of this machine's addresses, without what guards a loopback address.
_Host = Annotated[
    str,
    Field(min_length=1),
    "the address is empty, as from a shell variable that is not set; name one, or 0.0.0.0 for all",
]
_Hosts = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[\w.-]+$")], ...],
    BeforeValidator(_split),
    "write names without ports, as example.org,gate",
]
_Labels = Annotated[dict[str, int], BeforeValidator(_labelled), "write labels as stable=1,canary=2"]
_Port = whole_number(0, 65535)


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class ServerSettings(Group):
    """How a server runs; each setting is an option of `serve`.

    Attributes:
        name: The model's name in the addresses.
        host: The address to listen on; 0.0.0.0 is all of this machine's.
        rest_port: Port of the REST interface, /metrics and the page; 0 takes any free one.
        grpc_port: Port of the gRPC interface; 0 takes any free one.
        hosts: Names, such as example.org,gate, that a proxy in front passes on. A server for
            this machine only refuses others than localhost and IP addresses (403), or any page
            of the web could ask it through your browser; one that others reach too, and that
            has no names, takes every name.
        labels: Names of versions, such as stable=1,canary=2.
        max_batch_size: Most images in a batch, and so in a request.
        batch_timeout_ms: Milliseconds that a request waits for others to join it, where some do.
        max_queued: Most requests that wait; more are refused (429, RESOURCE_EXHAUSTED).
        max_request_bytes: Larger requests are refused (413, RESOURCE_EXHAUSTED).
        sender_timeout: Seconds within which the head of a request, and then its body, must have
            arrived (408).
        poll_seconds: Seconds between two looks for new versions.
    """

    name: _Name = "classifier"
    host: _Host = "127.0.0.1"
    rest_port: _Port = 8501
    grpc_port: _Port = 8500
    hosts: _Hosts = ()
    labels: _Labels = Field(default_factory=dict)
    max_batch_size: whole_number(1, 4096) = 64
    batch_timeout_ms: number(0, 10_000) = 0.0
    max_queued: whole_number(1, 100_000) = 256
    max_request_bytes: whole_number(1024, 2**30) = 2**24
    sender_timeout: number(0.1, 3600) = 20.0
    poll_seconds: number(0.01, 86_400) = 1.0


def make_server_settings(options: Mapping[str, Any]) -> ServerSettings:
    """Makes settings of options.

    Raises:
        UserError: There is no such option, or a value is of the wrong kind or out of range.
    """
    settings = ServerSettings()
    known = settings.options()
    for option in options:
        if option not in known:
            raise unknown_option(option, known)
    return settings.replaced(options)


def server_settings_help(only: Collection[str] | None = None) -> str:
    """Lists settings with their values, for `--help`."""
    return explained({"serve": ServerSettings()}, only)
