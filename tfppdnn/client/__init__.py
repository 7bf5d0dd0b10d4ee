"""What clients run: protection without TensorFlow, and classification by a server.

`Client` and `Answer` are loaded when they are asked for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"answers": ["Answer"], "classification": ["Client"]}
)
