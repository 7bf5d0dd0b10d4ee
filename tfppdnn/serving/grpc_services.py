"""TensorFlow Serving's gRPC services."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar

import grpc

from tfppdnn.serving.images import INPUT_NAMES, RequestImages
from tfppdnn.serving.metrics import Metrics
from tfppdnn.serving.model_info import metadata_response, status_response
from tfppdnn.serving.predictor import Predictor
from tfppdnn.serving.refusal import Refusal, invalid
from tfppdnn.serving.served_model import OUTPUT_NAMES
from tfppdnn.serving.tensors import images_of, write_tensor
from tfppdnn.serving.versions import ModelVersions
from tfppdnn.tf_serving_messages import MODEL_SERVICE, PREDICTION_SERVICE, messages


def add_services(
    server: grpc.aio.Server,
    versions: ModelVersions,
    predictor: Predictor,
    metrics: Metrics,
    *,
    sender_timeout: float,
) -> None:
    """Adds PredictionService and ModelService to a server that has not been started.

    Args:
        server: The server.
        versions: What is served.
        predictor: What answers.
        metrics: What counts.
        sender_timeout: Seconds that a request may take to arrive.
    """
    services = {
        PREDICTION_SERVICE: PredictionService(versions, predictor, metrics),
        MODEL_SERVICE: ModelService(versions, metrics),
    }
    for name, service in services.items():
        handlers = {
            method: grpc.stream_unary_rpc_method_handler(
                _with_one_message(getattr(service, method), _reader(request), sender_timeout),
                response_serializer=lambda message: message.SerializeToString(),
            )
            for method, request in service.METHODS.items()
        }
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(name, handlers)])


def _reader(request: str | None) -> Callable[[bytes], Any]:
    """What makes a request of bytes; without a message's name, nobody reads it."""
    return bytes if request is None else getattr(messages(), request).FromString


_UNREADABLE = object()


def _with_one_message(
    answer: Callable[..., Awaitable[Any]], read: Callable[[bytes], Any], seconds: float
) -> Callable[..., Awaitable[Any]]:
    """Makes a method that waits so long for its message.

    On the wire it is one of a single message. gRPC's own kind is called when the message has come:
    of one that never does it would hold a place for ever, and of one that is no message it would
    name a class of ours.
    """

    async def handler(arriving: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> Any:
        try:
            content = await asyncio.wait_for(anext(aiter(arriving)), seconds)
        except TimeoutError:
            await context.abort(
                grpc.StatusCode.DEADLINE_EXCEEDED, "the request took too long to arrive"
            )
        except StopAsyncIteration:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "there is no message")
        try:
            request = read(content)
        except Exception:
            request = _UNREADABLE
        return await answer(request, context)

    return handler


def _answering(method: str):
    """Turns refusals into gRPC's codes; whatever else fails is named, and no more."""

    def decorate(answer):
        @functools.wraps(answer)
        async def handler(self, request, context):
            try:
                with self.metrics.request("grpc", method):
                    if request is _UNREADABLE:
                        raise invalid("the message is no request of this method")
                    return await answer(self, request)
            except Refusal as refusal:
                code, message = refusal.code, refusal.message
            except Exception as error:
                print(f"tfppdnn serve: {type(error).__name__} in {method}", file=sys.stderr)
                code, message = grpc.StatusCode.INTERNAL, "internal error"
            await context.abort(code, message)

        return handler

    return decorate


class PredictionService:
    """Predict and GetModelMetadata; the methods for tf.Example answer UNIMPLEMENTED."""

    METHODS: ClassVar = {
        "Predict": "PredictRequest",
        "GetModelMetadata": "GetModelMetadataRequest",
        "Classify": None,
        "Regress": None,
        "MultiInference": None,
    }

    def __init__(self, versions: ModelVersions, predictor: Predictor, metrics: Metrics):
        self.versions = versions
        self.predictor = predictor
        self.metrics = metrics

    @_answering("predict")
    async def Predict(self, request):  # noqa: D102, N802
        wanted = _model(request.model_spec)
        with self.predictor.holding() as hold, self.versions.use(**wanted) as version:
            hold(request.ByteSize())
            filtered = _outputs(request.output_filter)
            images = await self.predictor.read(_images, request, size=request.ByteSize())
            outputs = await self.predictor.answer(version.model, images)
            response = messages().PredictResponse()
            response.model_spec.name = self.versions.name
            response.model_spec.version.value = version.number
            response.model_spec.signature_name = images.signature
            for name in filtered:
                write_tensor(outputs[name], response.outputs[name])
            return response

    @_answering("metadata")
    async def GetModelMetadata(self, request):  # noqa: D102, N802
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid(f"Metadata field {field[:100]} is not supported")
        with self.versions.use(**_model(request.model_spec)) as version:
            return metadata_response(self.versions.name, version)

    @_answering("classify")
    async def Classify(self, request):  # noqa: D102, N802
        raise _takes_no_examples()

    @_answering("regress")
    async def Regress(self, request):  # noqa: D102, N802
        raise _takes_no_examples()

    @_answering("multi_inference")
    async def MultiInference(self, request):  # noqa: D102, N802
        raise _takes_no_examples()


class ModelService:
    """GetModelStatus; the configuration cannot be changed from outside."""

    METHODS: ClassVar = {
        "GetModelStatus": "GetModelStatusRequest",
        "HandleReloadConfigRequest": None,
    }

    def __init__(self, versions: ModelVersions, metrics: Metrics):
        self.versions = versions
        self.metrics = metrics

    @_answering("status")
    async def GetModelStatus(self, request):  # noqa: D102, N802
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        return status_response(self.versions.status(**_model(request.model_spec)))

    @_answering("reload_config")
    async def HandleReloadConfigRequest(self, request):  # noqa: D102, N802
        raise Refusal(
            grpc.StatusCode.UNIMPLEMENTED, "serve takes its configuration from its command line"
        )


def _model(spec) -> dict[str, Any]:
    """The model that a request names."""
    choice = spec.WhichOneof("version_choice")
    return {
        "name": spec.name,
        "version": spec.version.value if choice == "version" else None,
        "label": spec.version_label if choice == "version_label" else None,
    }


def _images(request: Any, *, most: int) -> RequestImages:
    signature = request.model_spec.signature_name or "serving_default"
    if signature not in INPUT_NAMES:
        raise Refusal(
            grpc.StatusCode.FAILED_PRECONDITION,
            f'Serving signature key "{signature[:100]}" not found.',
        )
    name = INPUT_NAMES[signature]
    if len(request.inputs) != 1:
        raise invalid(
            f"input size does not match signature: {len(request.inputs)}!=1; it takes {name}"
        )
    if name not in request.inputs:
        raise invalid(
            "input tensor alias not found in signature. "
            f"Inputs expected to be in the set {{{name}}}."
        )
    return images_of(signature, request.inputs[name], most=most)


def _outputs(wanted) -> list[str]:
    """The outputs to answer with: those that are asked for, or all."""
    names = list(wanted)
    for name in names:
        if name not in OUTPUT_NAMES:
            raise invalid(
                f"output tensor alias not found in signature: {name[:100]} Outputs expected to "
                f"be in the set {{{','.join(sorted(OUTPUT_NAMES))}}}."
            )
        if names.count(name) > 1:
            raise invalid(f"duplicate output tensor alias: {name}")
    return names or sorted(OUTPUT_NAMES)


def _takes_no_examples() -> Refusal:
    return Refusal(grpc.StatusCode.UNIMPLEMENTED, "this model takes no tf.Example; use Predict")
