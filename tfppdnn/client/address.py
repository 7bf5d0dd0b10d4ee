"""Where the classifier is."""

from __future__ import annotations

import ipaddress
import urllib.parse
from dataclasses import dataclass

from tfppdnn.errors import UserError

_DEFAULT_PORTS = {"http": 80, "https": 443, "grpc": 8500, "grpcs": 8500}
_MEND = "write it as http://127.0.0.1:8501, https://HOST or grpc://HOST:8500"


@dataclass(frozen=True)
class Address:
    """A server's address.

    Attributes:
        scheme: http, https, grpc, or grpcs (gRPC over TLS).
        host: Name or IP address.
        port: Its port.
        prefix: Path before `/v1`, as "/cats"; empty for gRPC.
    """

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def encrypted(self) -> bool:
        """Whether what is sent there cannot be read on the way."""
        return self.scheme in ("https", "grpcs")

    @property
    def on_this_machine(self) -> bool:
        """Whether what is sent there does not leave this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def authority(self) -> str:
        """Host and port, as they stand in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.prefix}"


def parse_address(url: str) -> Address:
    """Takes a URL apart.

    Args:
        url: Such as http://127.0.0.1:8501, https://example.org/cats or grpc://10.0.0.1:8500.

    Raises:
        UserError: It is no such URL.
    """
    if not isinstance(url, str):
        raise UserError(f"{url!r} is no address; {_MEND}")
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UserError(f"{url!r} is no address ({error}); {_MEND}") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise UserError(f"{url!r} is no address of a server; {_MEND}")
    if parts.username is not None or parts.query or parts.fragment:
        # Named without the URL, which may hold a password.
        raise UserError(
            f"the address of {parts.hostname} holds a user, '?' or '#'; leave them out "
            "(pass credentials in the headers of tfppdnn.client.Client)"
        )
    if port == 0:
        raise UserError(f"{url!r} has port 0, where nobody listens; {_MEND}")
    prefix = parts.path.rstrip("/")
    if prefix and parts.scheme.startswith("grpc"):
        raise UserError(f"{url!r} has a path, which gRPC does not know; {_MEND}")
    if "/v1/models" in prefix:
        raise UserError(f"{url!r} names a model; end the address before /v1 and name it by `model`")
    return Address(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], prefix)
