"""Pictures as files and as arrays: read, written, resized, laid out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "files": ["encode_png", "read_image"],
        "formats": ["SUFFIXES"],
        "resizing": ["resize_square"],
        "shifting": ["shifted"],
    },
)
