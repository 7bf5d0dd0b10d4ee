"""The networks, one a file, and their layers. All are built with Keras alone."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bottleneck": ["bottleneck", "code_bits"],
        "fake_pool": ["FakePool"],
        "hourglass": ["hourglass"],
        "patchgan": ["patchgan"],
        "perceptual": ["perceptual_features", "vgg16_relu1_2"],
        "resnet18": ["resnet18"],
        "unet": ["unet"],
        "vgg13": ["vgg13_bn"],
    },
)
