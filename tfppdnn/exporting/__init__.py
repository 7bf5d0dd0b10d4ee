"""What leaves the building: SavedModels and TFLite files, compared with the Keras model."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "classifier": ["export_classifier"],
        "protector": ["export_protector"],
        "run_folder": ["export_all"],
        "tflite": ["float16_tflite", "float32_tflite", "int8_tflite", "web_tflite"],
        "verify": ["VerificationError", "verify_protector_files"],
    },
)
