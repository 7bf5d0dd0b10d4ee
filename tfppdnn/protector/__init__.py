"""Protectors: whatever turns plain images into protected ones, h_p in the paper, by one name.

What runs on a client never imports TensorFlow from here, and importing it loads nothing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "protector": ["Protector", "load_protector"],
        "scheme": ["Scheme"],
        "shipped": ["ShippedProtector", "presets"],
    },
)
