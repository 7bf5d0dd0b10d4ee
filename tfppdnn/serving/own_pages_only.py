"""Keeping other people's web pages away from a server."""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class OwnPagesOnly:
    """Refuses, with 403, what a page from elsewhere makes the user's browser ask.

    Such a page may let its own name point to 127.0.0.1 (DNS rebinding) and then read all that is
    served, the protector too: so the name in `Host` must be localhost, a plain IP address, which
    cannot be made to point elsewhere, or one that is allowed. And it may post, though it cannot
    read the answer: browsers say so in `Sec-Fetch-Site`.

    Args:
        app: What answers all other requests.
        hosts: Names that are allowed, such as that of a proxy in front; None for any, where other
            machines are to reach the server by names that it does not know.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str] | None = ()):
        self._app = app
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        reason = self._refusal(scope) if scope["type"] == "http" else None
        if reason is None:
            return await self._app(scope, receive, send)
        # The body, if there is one, is not waited for.
        answer = JSONResponse({"error": reason}, 403, headers={"connection": "close"})
        await answer(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        # Browsers always send one.
        if "host" in headers and not self._is_known(_name(headers["host"])):
            return (
                "this server does not answer to that name; use localhost or its IP address, or "
                "start it with --hosts=NAME"
            )
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if elsewhere and scope["method"] == "POST":
            return "this server takes no requests from pages of other origins"
        return None

    def _is_known(self, host: str) -> bool:
        if self._hosts is None or host in self._hosts:
            return True
        return host == "localhost" or _is_ip_address(host)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    return host == "localhost" or (_is_ip_address(host) and ipaddress.ip_address(host).is_loopback)


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return urllib.parse.urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
