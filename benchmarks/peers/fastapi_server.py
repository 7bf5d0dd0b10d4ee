"""A classifier behind FastAPI and ONNX Runtime, as most people would write it in an afternoon.

`python -m benchmarks.peers.fastapi_server CLASSIFIER.onnx` takes and answers what `serve` does by
REST, for PNG files: `{"instances": [{"b64": "..."}]}`. It checks nothing and joins no requests.
"""

from __future__ import annotations

import base64
import io
import socket
import sys

import fastapi
import numpy as np
import onnxruntime
import pydantic
import uvicorn
from PIL import Image


class Encoded(pydantic.BaseModel):
    """A file."""

    b64: str


class Request(pydantic.BaseModel):
    """Pictures of one size."""

    instances: list[Encoded]


def main() -> None:
    """Serves until it is killed; says first where."""
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    app = fastapi.FastAPI()

    @app.post("/v1/models/classifier:predict")
    def predict(request: Request):
        files = [io.BytesIO(base64.b64decode(one.b64)) for one in request.instances]
        pixels = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])
        (probabilities,) = session.run(["probabilities"], {"image": pixels})
        return {
            "predictions": [
                {"probabilities": row.tolist(), "class_id": int(row.argmax())}
                for row in probabilities
            ]
        }

    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    print(f"REST http://127.0.0.1:{listening.getsockname()[1]}\nready", file=sys.stderr, flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
