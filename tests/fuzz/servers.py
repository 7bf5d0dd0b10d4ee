"""Requests by REST and gRPC, sent by real clients over the loopback to the real server."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import random
from pathlib import Path
from typing import Any

from .images import pictures
from .mutating import damaged_bytes, damaged_json, junk
from .target import INSIDE, Case, Outcome, listening

_SECONDS = 15
_CHECKED_EVERY = 200


class _Server:
    """A server of the tiny run's classifier, which must say nothing."""

    def prepare(self, base: Path, place: Path) -> None:
        """Starts it."""
        from serving_samples import noise, running

        self._stack = contextlib.ExitStack()
        self.server = self._stack.enter_context(running(base / "run"))
        self.images = noise(2, 32, 32).tolist()
        self.files = [content for name, content in sorted(pictures().items()) if name[-3:] in _SENT]
        self._runs = 0

    def run(self, case: Case) -> Outcome:
        """Sends it, and now and then something valid after it."""
        with listening() as said:
            became, wrong = self.send(case)
        self._runs += 1
        if wrong is None and self._runs % _CHECKED_EVERY == 0:
            answered, wrong = self.check()
            if answered != "answered":
                wrong = f"what is valid is {answered} after it"
        # TensorFlow's reader of JPEG files writes that one is damaged, and nothing of it.
        if wrong is None and ("tfppdnn" in said.err or "Traceback" in said.err):
            wrong = f"the server says {said.err[-500:]}"
        return Outcome(became, wrong)

    def close(self) -> None:
        """Stops it."""
        self._stack.close()


_SENT = ("jpg", "png", "bmp", "ebp")


class Rest(_Server):
    """REST bodies, paths and heads."""

    name = "rest"

    def case(self, chance: random.Random) -> Case:
        """A damaged request."""
        encoded = [{"b64": base64.b64encode(f).decode()} for f in chance.sample(self.files, 2)]
        bodies: list[Any] = [
            {"instances": self.images},
            {"inputs": self.images},
            {"instances": [{"image": one} for one in self.images]},
            {"signature_name": "encoded", "instances": encoded},
            {"signature_name": "encoded", "inputs": {"image_bytes": encoded}},
        ]
        how, content = chance.randrange(4), chance.choice(bodies)
        if how == 0:
            body = damaged_bytes(chance, json.dumps(content).encode(), self.files)
        elif how == 1:
            damaged = damaged_bytes(chance, chance.choice(self.files), self.files)
            one = {"b64": base64.b64encode(damaged).decode()}
            body = json.dumps({"signature_name": "encoded", "instances": [one]}).encode()
        else:
            body = damaged_json(chance, content)
        path, method = "/v1/models/classifier:predict", "POST"
        if chance.random() < 0.15:
            path = damaged_bytes(chance, path.encode(), [b"/versions/9" * 9, b"/labels/x:predict"])
            path = "".join(chr(c) if 33 <= c < 127 and c != 35 else f"%{c:02X}" for c in path)
            path = "/" + path.lstrip("/")
            method = chance.choice(("POST", "GET", "PUT", "DELETE", "OPTIONS", "HEAD"))
        headers = {"Content-Type": chance.choice(("application/json", "text/plain", "x", ""))}
        if chance.random() < 0.05:
            headers["Content-Encoding"] = chance.choice(("gzip", "br", "identity"))
        return Case("is sent", {"body": body}, (method, path, headers))

    def send(self, case: Case) -> Outcome:
        """Sends it, and judges the answer."""
        method, path, headers = case.arguments
        connection = http.client.HTTPConnection(self.server.rest_address, timeout=_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, case.files["body"], headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        if answer.status < 400:
            return Outcome("answered")
        wrong = _wrong_with(text)
        if answer.status >= 500 and answer.status not in (501, 503):
            wrong = text[:500]
        return Outcome(f"status {answer.status}", wrong)

    def check(self) -> Outcome:
        """Whether what is valid is still answered."""
        body = json.dumps({"instances": self.images}).encode()
        return self.send(Case("", {"body": body}, ("POST", "/v1/models/classifier:predict", {})))


def _wrong_with(said: str) -> str | None:
    """What is wrong with a refusal."""
    if found := INSIDE.search(said):
        return f"{found[0]} is said: {said[:500]}"
    return f"is refused at length: {said[:500]}" if len(said) > 1000 else None


_SERVICE = "/tensorflow.serving."
_OF_PREDICTION = ("Predict", "GetModelMetadata", "Classify", "Regress", "MultiInference")
_OF_MODEL = ("GetModelStatus", "HandleReloadConfigRequest")


class Grpc(_Server):
    """gRPC messages."""

    name = "grpc"

    def prepare(self, base: Path, place: Path) -> None:
        """Starts the server, and opens a channel."""
        super().prepare(base, place)
        import grpc

        self._channel = self._stack.enter_context(grpc.insecure_channel(self.server.grpc_address))

    def _valid(self, chance: random.Random):
        import numpy as np
        import tensorflow as tf
        from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name = "classifier"
        if chance.random() < 0.5:
            request.inputs["image"].CopyFrom(tf.make_tensor_proto(np.uint8(self.images)))
        else:
            request.model_spec.signature_name = "encoded"
            files = chance.sample(self.files, 2)
            request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(files))
        if chance.random() < 0.2:
            request = get_model_metadata_pb2.GetModelMetadataRequest()
            request.model_spec.name = "classifier"
            request.metadata_field.append("signature_def")
        return request

    def case(self, chance: random.Random) -> Case:
        """A damaged message."""
        request = self._valid(chance)
        if hasattr(request, "inputs") and chance.random() < 0.6:
            _damage(chance, request)
        content = request.SerializeToString()
        if chance.random() < 0.6:
            content = damaged_bytes(chance, content, self.files)
        service = "PredictionService/" + chance.choice((*("Predict",) * 8, *_OF_PREDICTION))
        if chance.random() < 0.1:
            service = "ModelService/" + chance.choice(_OF_MODEL)
        compressed = chance.random() < 0.1
        return Case("is sent", {"message": content}, (_SERVICE + service, compressed))

    def send(self, case: Case) -> Outcome:
        """Sends it, and judges the answer."""
        import grpc

        method, compressed = case.arguments
        call = self._channel.unary_unary(
            method, request_serializer=bytes, response_deserializer=bytes
        )
        compression = grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression
        try:
            call(case.files["message"], timeout=_SECONDS, compression=compression)
        except grpc.RpcError as error:
            said, code = error.details() or "", error.code().name
            inside = code in ("INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED")
            return Outcome(code, said[:500] if inside else _wrong_with(said))
        return Outcome("answered")

    def check(self) -> Outcome:
        """Whether what is valid is still answered."""
        import numpy as np
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name = "classifier"
        request.inputs["image"].CopyFrom(tf.make_tensor_proto(np.uint8(self.images)))
        message = {"message": request.SerializeToString()}
        return self.send(Case("", message, (_SERVICE + "PredictionService/Predict", False)))


def _damage(chance: random.Random, request) -> None:
    """Values that are well formed, and are none that anybody sends."""
    (name,) = request.inputs
    tensor = request.inputs[name]
    how = chance.randrange(7)
    if how == 0:
        tensor.dtype = chance.randrange(0, 130)
    elif how == 1:
        for dim in tensor.tensor_shape.dim:
            dim.size = chance.choice((-1, 0, 1, 2**31, 2**62, dim.size + 1))
    elif how == 2:
        tensor.tensor_shape.dim.add(size=chance.choice((-(2**40), 0, 1, 7, 2**50)))
    elif how == 3:
        tensor.tensor_shape.unknown_rank = True
    elif how == 4:
        text = str(junk(chance))[:3000].encode(errors="replace").decode()
        request.inputs[text].CopyFrom(tensor)
    elif how == 5:
        request.model_spec.version.value = chance.choice((-(2**63), -1, 0, 2**63 - 1))
    else:
        tensor.tensor_content = chance.randbytes(chance.randint(0, 64))
        tensor.int_val.append(chance.randrange(-(2**31), 2**31))
