"""TensorFlow Serving's gRPC protocol, without TensorFlow."""

from __future__ import annotations

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

_OUTPUTS = ("probabilities", "class_id", "label")


class GrpcTransport:
    """Has images classified by calls of `PredictionService.Predict`.

    Proxies named by the environment are not used.

    Args:
        address: Where the server is, grpc or grpcs.
        model: Name of the classifier there.
        timeout: Seconds for one answer.
        headers: Sent along as metadata, for example a gateway's credentials.

    Raises:
        UserError: The package grpcio is not installed.
    """

    def __init__(self, address: Address, *, model: str, timeout: float, headers: Mapping[str, str]):
        try:
            import grpc

            from tfppdnn import tf_serving_messages
        except ImportError:
            raise UserError(
                f"{address} needs one more package: pip install grpcio, or pass the server's "
                "http:// address"
            ) from None
        self._grpc = grpc
        self._messages = tf_serving_messages
        self._address = address
        self._model = model
        self._timeout = timeout
        self._metadata = [(name.lower(), value) for name, value in headers.items()]

    def predict(self, pngs: list[bytes]) -> list[Answer]:
        """Has images classified; see `Transport.predict`."""
        request = self._request(pngs)
        with self._channel() as channel:
            call = channel.unary_unary(
                self._messages.PREDICT,
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=self._messages.messages().PredictResponse.FromString,
            )
            try:
                response = call(request, timeout=self._timeout, metadata=self._metadata)
            except self._grpc.RpcError as error:
                raise self._error(error) from None
        return self._answers(response, len(pngs))

    def _request(self, pngs: list[bytes]) -> Any:
        kinds = self._messages.messages()
        request = kinds.PredictRequest(
            model_spec=kinds.ModelSpec(name=self._model, signature_name="encoded")
        )
        tensor = request.inputs["image_bytes"]
        tensor.dtype = self._messages.STRING
        tensor.tensor_shape.dim.add(size=len(pngs))
        tensor.string_val.extend(pngs)
        return request

    def _channel(self) -> Any:
        options = [
            ("grpc.enable_http_proxy", 0),
            # Asking again is `Retry`'s business.
            ("grpc.enable_retries", 0),
            ("grpc.max_receive_message_length", LARGEST_ANSWER_BYTES),
        ]
        if self._address.encrypted:
            credentials = self._grpc.ssl_channel_credentials()
            return self._grpc.secure_channel(self._address.authority, credentials, options)
        return self._grpc.insecure_channel(self._address.authority, options)

    def _answers(self, response: Any, count: int) -> list[Answer]:
        try:
            if missing := set(_OUTPUTS) - set(response.outputs):
                raise KeyError(*sorted(missing))
            arrays = [self._messages.array_of(response.outputs[name]) for name in _OUTPUTS]
            if {len(array) for array in arrays} != {count}:
                raise ValueError(f"not {count} answers to {count} images")
            return [
                answer_from({"probabilities": row, "class_id": int(one), "label": name.decode()})
                for row, one, name in zip(*arrays, strict=True)
            ]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise UserError(
                f"{self._address} does not answer as a classifier of tfppdnn does "
                f"({printable(str(error))}); check the address and the model's name"
            ) from None

    def _error(self, error: Any) -> UserError | UnavailableError:
        code = error.code().name
        reason = printable(error.details() or "without a reason")
        said = f"{self._address} answered {code} ({reason})"
        if code == "DEADLINE_EXCEEDED":
            return UnavailableError(
                f"{self._address} did not answer within {self._timeout:g} seconds"
            )
        # One code for two things: a full queue, and a message above a side's limit.
        too_large = code == "RESOURCE_EXHAUSTED" and "larger than max" in reason
        if too_large or code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
            return RejectedError(said)
        if code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED"):
            return UnavailableError(said)
        return UserError(f"{said}; check the address and the model's name")
