"""The networks: h_theta, the generators, the discriminators, phi_k and the cloud's classifier.

All of them need Keras, so nothing is gained by loading them one by one. A network has its
module's name: `tfppdnn.models.unet` is the function, and `from tfppdnn.models.unet import ...`
still finds the module.
"""

# First, for once Keras is there it is told of the layers (see `tfppdnn.registration`).
import keras  # noqa: F401

from tfppdnn.models.adversarial_model import AdversarialModel
from tfppdnn.models.bottleneck import LearnedCanvas, bottleneck
from tfppdnn.models.code import RoundToLevels, code_bits, code_of
from tfppdnn.models.dense_classifier import dense_classifier, feature_classifier
from tfppdnn.models.efficientnet_lite0 import efficientnet_lite0
from tfppdnn.models.fake_pool import FakePool
from tfppdnn.models.fronts import DepthToSpace, block_adaptation
from tfppdnn.models.hourglass import hourglass
from tfppdnn.models.instance_normalization import InstanceNormalization
from tfppdnn.models.layers import CropLike, NearestUpsample2x, ReflectToMultiple
from tfppdnn.models.patchgan import patchgan
from tfppdnn.models.perceptual import perceptual_features, vgg16_relu1_2
from tfppdnn.models.randomized_response import (
    RandomizedWords,
    exact_epsilon,
    privacy_epsilon,
)
from tfppdnn.models.resizing import AreaResize, NearestResizeLike, TriangleResize
from tfppdnn.models.resnet18 import resnet18
from tfppdnn.models.smoothed_cross_entropy import SmoothedCrossEntropy
from tfppdnn.models.tiles import DrawTiles, ReadTiles
from tfppdnn.models.trunk_protector import trunk_protector
from tfppdnn.models.unet import unet
from tfppdnn.models.unshared_convolution import UnsharedConvolution
from tfppdnn.models.vgg13 import vgg13_bn
from tfppdnn.models.words import Words

__all__ = [
    "AdversarialModel",
    "AreaResize",
    "CropLike",
    "DepthToSpace",
    "DrawTiles",
    "FakePool",
    "InstanceNormalization",
    "LearnedCanvas",
    "NearestResizeLike",
    "NearestUpsample2x",
    "RandomizedWords",
    "ReadTiles",
    "ReflectToMultiple",
    "RoundToLevels",
    "SmoothedCrossEntropy",
    "TriangleResize",
    "UnsharedConvolution",
    "Words",
    "block_adaptation",
    "bottleneck",
    "code_bits",
    "code_of",
    "dense_classifier",
    "efficientnet_lite0",
    "exact_epsilon",
    "feature_classifier",
    "hourglass",
    "patchgan",
    "perceptual_features",
    "privacy_epsilon",
    "resnet18",
    "trunk_protector",
    "unet",
    "vgg13_bn",
    "vgg16_relu1_2",
]
