"""How anything is trained here: batches in, checkpoints and logs out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checkpoints": ["Checkpoints"],
        "classifiers": ["accuracy_of", "compile_classifier", "predict_classes"],
        "precision": ["computing_in_bfloat16", "in_float32"],
        "resumable": ["fit_resumably"],
    },
)
