"""TensorFlow Serving's REST interface."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import fastapi
import grpc
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from tfppdnn.serving import openapi
from tfppdnn.serving.json_format import parse_predict, predict_answer, to_json
from tfppdnn.serving.metrics import Metrics
from tfppdnn.serving.model_info import metadata_json, status_json
from tfppdnn.serving.predictor import Predictor
from tfppdnn.serving.refusal import Refusal, invalid
from tfppdnn.serving.settings import ServerSettings
from tfppdnn.serving.versions import ModelVersions

_ALL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def rest_app(
    versions: ModelVersions,
    predictor: Predictor,
    metrics: Metrics,
    settings: ServerSettings,
) -> fastapi.FastAPI:
    """Returns the ASGI application.

    Args:
        versions: The model.
        predictor: What answers.
        metrics: What counts.
        settings: Bodies that are too large are refused with 413 before they are read, those that
            do not come in time with 408.
    """
    # FastAPI's pages load scripts from elsewhere; openapi.json is what they show.
    app = fastapi.FastAPI(title="tfppdnn serve", docs_url=None, redoc_url=None)
    answers = _Answers(versions, predictor, metrics, settings)
    for part in openapi.PARTS:
        path = f"/v1/models/{{name}}{part}"
        for http_method, end, subject, answer in (
            ("POST", ":predict", "predict", answers.predict),
            ("POST", ":classify", "classify", answers.classify),
            ("POST", ":regress", "regress", answers.regress),
            ("GET", "/metadata", "metadata", answers.metadata),
            ("GET", "", "status", answers.status),
        ):
            described = openapi.described(subject, part)
            app.add_api_route(path + end, answer, methods=[http_method], **described)
    for path, answer, methods in (
        ("/metrics", answers.metrics_page, ["GET"]),
        ("/v1/models", answers.without_name, ["GET"]),
        ("/v1/{rest:path}", answers.malformed, list(_ALL_METHODS)),
    ):
        app.add_api_route(path, answer, methods=methods, include_in_schema=False)
    app.add_exception_handler(HTTPException, _not_here)
    return app


def _answering(subject: str):
    """Turns refusals into HTTP's codes; whatever else fails is named, and no more."""

    def decorate(answer: Callable[..., Awaitable[bytes]]):
        async def endpoint(self, request: fastapi.Request) -> fastapi.Response:
            try:
                with self.metrics.request("rest", subject):
                    return _response(await answer(self, request))
            except Refusal as refusal:
                return _refusal(refusal)
            except Exception as error:
                # Its name only: the message may hold what the request held.
                print(f"tfppdnn serve: {type(error).__name__} in {subject}", file=sys.stderr)
                return _response(to_json({"error": "internal error"}), 500)

        return endpoint

    return decorate


class _Answers:
    """What each path answers, as JSON."""

    def __init__(
        self,
        versions: ModelVersions,
        predictor: Predictor,
        metrics: Metrics,
        settings: ServerSettings,
    ):
        self.versions = versions
        self.predictor = predictor
        self.metrics = metrics
        self.settings = settings

    @_answering("predict")
    async def predict(self, request: fastapi.Request) -> bytes:
        with self.predictor.holding() as hold, self.versions.use(**_model(request)) as version:
            body = await _body(request, hold, self.settings)
            images, by_row = await self.predictor.read(parse_predict, body, size=len(body))
            del body
            outputs = await self.predictor.answer(version.model, images)
            return predict_answer(outputs, by_row=by_row)

    @_answering("classify")
    async def classify(self, request: fastapi.Request) -> bytes:
        raise self._takes_no_examples(request)

    @_answering("regress")
    async def regress(self, request: fastapi.Request) -> bytes:
        raise self._takes_no_examples(request)

    @_answering("status")
    async def status(self, request: fastapi.Request) -> bytes:
        return to_json(status_json(self.versions.status(**_model(request))))

    @_answering("metadata")
    async def metadata(self, request: fastapi.Request) -> bytes:
        with self.versions.use(**_model(request)) as version:
            return to_json(metadata_json(self.versions.name, version))

    @_answering("status")
    async def without_name(self, request: fastapi.Request) -> bytes:
        raise invalid("Missing model name in request.")

    @_answering("malformed")
    async def malformed(self, request: fastapi.Request) -> bytes:
        raise _malformed(request)

    async def metrics_page(self) -> fastapi.Response:
        page, media_type = self.metrics.page()
        return fastapi.Response(page, headers={"content-type": media_type})

    def _takes_no_examples(self, request: fastapi.Request) -> Refusal:
        with self.versions.use(**_model(request)):
            return Refusal(
                grpc.StatusCode.UNIMPLEMENTED, "this model takes no tf.Example; use :predict"
            )


def _model(request: fastapi.Request) -> dict[str, Any]:
    """The model that the path names."""
    version = request.path_params.get("version")
    if version is not None:
        if not (version.isascii() and version.isdigit()):
            raise _malformed(request)
        digits = version.lstrip("0") or "0"
        if int(digits[:20]) >= 2**63:
            raise invalid(f"Failed to convert version: {version[:30]} to numeric.")
        version = int(digits)
    return {
        "name": request.path_params["name"],
        "version": version,
        "label": request.path_params.get("label"),
    }


def _malformed(request: fastapi.Request) -> Refusal:
    return invalid(f"Malformed request: {request.method} {request.url.path[:200]}")


async def _body(
    request: fastapi.Request, hold: Callable[[int], None], settings: ServerSettings
) -> bytes:
    max_bytes = settings.max_request_bytes
    too_large = Refusal(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"the request is larger than {max_bytes} bytes; send fewer or smaller images, or allow "
        "more with --max_request_bytes",
        http_status=413,
    )
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(settings.sender_timeout):
            async for chunk in request.stream():
                hold(len(chunk))
                if len(body) + len(chunk) > max_bytes:
                    raise too_large
                body += chunk
    except ClientDisconnect:
        raise Refusal(grpc.StatusCode.CANCELLED, "the request did not arrive whole") from None
    except TimeoutError:
        raise Refusal(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            f"the request did not arrive within {settings.sender_timeout:g} seconds",
            http_status=408,
        ) from None
    return bytes(body)


def _response(content: bytes, status: int = 200, **headers: str) -> fastapi.Response:
    return fastapi.Response(content, status, headers=headers, media_type="application/json")


def _refusal(refusal: Refusal) -> fastapi.Response:
    headers = {}
    if refusal.http_status in (408, 413):
        # The rest of the body may never end: it is not waited for.
        headers["connection"] = "close"
    if refusal.http_status in (429, 503):
        headers["retry-after"] = "1"
    return _response(to_json({"error": refusal.message}), refusal.http_status, **headers)


async def _not_here(request: fastapi.Request, error: HTTPException) -> fastapi.Response:
    return _response(to_json({"error": str(error.detail)}), error.status_code)
