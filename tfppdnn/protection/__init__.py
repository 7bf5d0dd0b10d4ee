"""The scheme (Section III): its stages, the objectives of h_p, and `train`, which makes a run."""

import lazy_loader

# The networks import TensorFlow, which a command line that is still being read must not.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cyclegan": ["CycleGAN"],
        "exports": ["export"],
        "hardened": ["HardenedProtector"],
        "preliminary_images": ["PreliminaryImages"],
        "projected_gradient_descent": ["PreliminaryProtection"],
        "pipeline": ["TrainingResult", "train"],
    },
)
