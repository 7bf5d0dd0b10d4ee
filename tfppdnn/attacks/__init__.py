"""The attackers: each takes what it is said to have, and tries to see the plain images."""

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.brute_force import BruteForce
from tfppdnn.attacks.chosen_plaintext import HelperBlocks, HelperImage
from tfppdnn.attacks.class_mean import ClassMeanAttack
from tfppdnn.attacks.data import (
    ChosenPlaintexts,
    Ciphertexts,
    ClassifiedImages,
    KeySpace,
    OwnedProtector,
    OwnKeyPairs,
    UnpairedImages,
    WhiteBox,
)
from tfppdnn.attacks.feature_reconstruction import (
    AdvancedFeatureReconstruction,
    BasicFeatureReconstruction,
)
from tfppdnn.attacks.gan_attack import GANAttack
from tfppdnn.attacks.gradient_inversion import GradientInversionAttack
from tfppdnn.attacks.inverse_network import GlobalInverseNetworkAttack, InverseNetworkAttack
from tfppdnn.attacks.nearest import NearestAttack, NearestMeanAttack
from tfppdnn.attacks.result import AttackResult, KeySearch, Reconstruction
from tfppdnn.attacks.unshared_weights import UnsharedWeightAttack

__all__ = [
    "AdvancedFeatureReconstruction",
    "Attack",
    "AttackResult",
    "BasicFeatureReconstruction",
    "BruteForce",
    "ChosenPlaintexts",
    "Ciphertexts",
    "ClassMeanAttack",
    "ClassifiedImages",
    "GANAttack",
    "GlobalInverseNetworkAttack",
    "GradientInversionAttack",
    "HelperBlocks",
    "HelperImage",
    "InverseNetworkAttack",
    "KeySearch",
    "KeySpace",
    "NearestAttack",
    "NearestMeanAttack",
    "OwnKeyPairs",
    "OwnedProtector",
    "Reconstruction",
    "ThreatModel",
    "UnpairedImages",
    "UnsharedWeightAttack",
    "WhiteBox",
]
