"""The attackers: each takes what it is said to have, and tries to see the plain images."""

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.brute_force import BruteForce
from tfppdnn.attacks.chosen_plaintext import HelperBlocks, HelperImage
from tfppdnn.attacks.data import ChosenPlaintexts, Ciphertexts, KeySpace
from tfppdnn.attacks.feature_reconstruction import (
    AdvancedFeatureReconstruction,
    BasicFeatureReconstruction,
)
from tfppdnn.attacks.result import AttackResult, KeySearch, Reconstruction

__all__ = [
    "AdvancedFeatureReconstruction",
    "Attack",
    "AttackResult",
    "BasicFeatureReconstruction",
    "BruteForce",
    "ChosenPlaintexts",
    "Ciphertexts",
    "HelperBlocks",
    "HelperImage",
    "KeySearch",
    "KeySpace",
    "Reconstruction",
    "ThreatModel",
]
