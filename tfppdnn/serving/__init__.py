"""Serving a classifier as TensorFlow Serving does, from one Python process.

A request comes by REST (`rest`, `json_format`) or gRPC (`grpc_services`, `tensors`), which make
checked `images` of it. The `predictor` asks the gate and queues them for the next batch
(`batching`) of the version that the request names (`versions`), which LiteRT runs
(`litert_model`), or TensorFlow if it was made by an earlier version of ours (`tensorflow_model`).
Whatever is not answered raises a `Refusal`.
"""

import lazy_loader

# A call that is wrong is told so before the server's packages are loaded.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "server": ["Server", "in_background"],
        "settings": ["ServerSettings"],
        "start": ["serve"],
    },
)
