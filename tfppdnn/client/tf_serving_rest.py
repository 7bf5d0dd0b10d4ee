"""TensorFlow Serving's REST protocol, spoken by the standard library."""

from __future__ import annotations

import base64
import contextlib
import email.utils
import http.client
import json
import socket
import ssl
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any

from tfppdnn.client.address import Address
from tfppdnn.client.answers import (
    LARGEST_ANSWER_BYTES,
    Answer,
    RejectedError,
    UnavailableError,
    answer_from,
    printable,
)
from tfppdnn.errors import UserError

# Too large, not understood, or not looking protected: it may be one image's fault.
_REJECTED = (400, 413, 422)
_NOT_NOW = (408, 429, 502, 503, 504)


class RestTransport:
    """Has images classified by POST requests.

    Redirects are not followed and proxies named by the environment are not used: images
    go to the address that was given, or nowhere. Every request has a connection of its own,
    as a server may well close one that is idle while the next images are being protected.

    Args:
        address: Where the server is, http or https.
        model: Name of the classifier there.
        timeout: Seconds for one answer.
        headers: Sent along, for example a gateway's credentials.
    """

    def __init__(self, address: Address, *, model: str, timeout: float, headers: Mapping[str, str]):
        self._address = address
        self._path = f"{address.prefix}/v1/models/{urllib.parse.quote(model, safe='')}:predict"
        self._timeout = timeout
        self._headers = {**headers, "Content-Type": "application/json"}

    def predict(self, pngs: list[bytes]) -> list[Answer]:
        """Has images classified; see `Transport.predict`."""
        instances = [{"image_bytes": {"b64": base64.b64encode(png).decode()}} for png in pngs]
        body = json.dumps({"signature_name": "encoded", "instances": instances}).encode()
        status, headers, content = self._post(body)
        if status == 200:
            return self._answers(content, len(pngs))
        raise self._error(status, headers, content)

    def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        connection = kind[self._address.scheme](
            self._address.host, self._address.port, timeout=self._timeout
        )
        deadline = time.monotonic() + self._timeout
        try:
            try:
                connection.request("POST", self._path, body, self._headers)
            except (BrokenPipeError, ConnectionResetError):
                # A server may answer "too large" and hang up before it has read everything.
                if connection.sock is None:
                    raise
            response = connection.getresponse()
            return response.status, response.headers, _read(response, deadline)
        except ssl.SSLCertVerificationError as error:
            raise UserError(
                f"{self._address} is not who it says it is ({error.verify_message}); "
                "check the address and the server's certificate"
            ) from None
        except (ValueError, http.client.InvalidURL):
            # Not quoted: a header may hold a password.
            raise UserError(
                f"{printable(str(self._address))}: the address or a header holds letters that "
                "HTTP cannot carry; write them in ASCII, without spaces"
            ) from None
        except socket.gaierror as error:
            raise UserError(f"{self._address}: no such host ({error.strerror})") from None
        except TimeoutError:
            raise UnavailableError(
                f"{self._address} did not answer within {self._timeout:g} seconds"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            # A closed connection is of this kind too, and says nothing of what was spoken.
            if isinstance(error, http.client.BadStatusLine) and not isinstance(error, OSError):
                raise self._no_http() from None
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise UnavailableError(
                f"{self._address} cannot be reached ({printable(reason)})"
            ) from None
        finally:
            connection.close()

    def _no_http(self) -> UserError:
        scheme = {"http": "grpc", "https": "grpcs"}[self._address.scheme]
        return UserError(
            f"{self._address} does not speak HTTP; if that is its gRPC port, usually 8500, pass "
            f"{scheme}://{self._address.authority}, or else the port of HTTP, usually 8501"
        )

    def _answers(self, content: bytes, count: int) -> list[Answer]:
        try:
            predictions = json.loads(content)["predictions"]
            answers = [answer_from(prediction) for prediction in predictions]
            if len(answers) != count:
                raise ValueError(f"{len(answers)} answers to {count} images")
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise UserError(
                f"{self._address} does not answer as a classifier of tfppdnn does "
                f"({printable(str(error))}); check the address and the model's name"
            ) from None
        return answers

    def _error(
        self, status: int, headers: Mapping[str, str], content: bytes
    ) -> UserError | UnavailableError:
        said = f"{self._address} answered {status} ({_message(content)})"
        if status in _REJECTED:
            return RejectedError(said)
        if status in _NOT_NOW:
            return UnavailableError(said, retry_after=_seconds(headers.get("Retry-After")))
        if 300 <= status < 400:
            elsewhere = printable(headers.get("Location", "nowhere"))
            return UserError(
                f"{self._address} sends its clients to {elsewhere}, and nothing was sent there; "
                "if you trust it, pass that address"
            )
        return UserError(f"{said}; check the address and the model's name")


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    content = bytearray()
    # Piece by piece: the socket's own timeout starts anew with every byte.
    while piece := response.read1(2**16):
        content += piece
        if len(content) > LARGEST_ANSWER_BYTES:
            raise UserError(f"the answer is larger than {LARGEST_ANSWER_BYTES} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
    if response.length:
        raise http.client.IncompleteRead(bytes(content), response.length)
    return bytes(content)


def _message(content: bytes) -> str:
    """Returns what `{"error": "..."}` says, or the beginning of whatever else it is."""
    text: Any = content.decode("utf-8", "replace")
    with contextlib.suppress(KeyError, TypeError, ValueError, RecursionError):
        text = json.loads(text)["error"]
    return printable(str(text)) or "without a reason"


def _seconds(retry_after: str | None) -> float | None:
    """Reads the header Retry-After: a number of seconds, or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isascii() and retry_after.strip().isdigit():
        return float(retry_after)
    try:
        date = email.utils.parsedate_to_datetime(retry_after)
        return max(0.0, date.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
