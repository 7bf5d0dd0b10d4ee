"""The gate: tells protected images from plain ones, so that a server can refuse these.

It is the discriminator F_B, taught for a little longer (`teach`), with the threshold from which a
score looks protected (`measure`), as a SavedModel (`export`); `Gate` loads that.
"""

import lazy_loader

# Whoever looks for a gate's folder shall not wait for TensorFlow.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"gate": ["Gate", "find_gate", "load_gate"], "make": ["make_gate"]}
)
