"""The attackers: each takes what it is said to have, and tries to see the plain images."""

import lazy_loader

# Those that learn import TensorFlow, which a client's own attack need not.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "attack": ["Attack"],
        "attributes": ["AttributeAttack"],
        "brute_force": ["BruteForce"],
        "chosen_plaintext": ["HelperBlocks", "HelperImage"],
        "class_mean": ["ClassMeanAttack"],
        "conditional_generator": ["ConditionalGeneratorAttack"],
        "data": [
            "ChosenPlaintexts",
            "Ciphertexts",
            "ClassifiedImages",
            "DescribedImages",
            "KeySpace",
            "OwnKeyPairs",
            "Suspects",
            "OwnedProtector",
            "UnpairedImages",
            "Views",
            "WhiteBox",
        ],
        "deep_image_prior": ["DeepImagePriorAttack"],
        "feature_reconstruction": ["AdvancedFeatureReconstruction", "BasicFeatureReconstruction"],
        "gan_attack": ["GANAttack"],
        "gradient_inversion": ["GradientInversionAttack"],
        "inverse_network": ["GlobalInverseNetworkAttack", "InverseNetworkAttack"],
        "learned": ["LearnedAttack"],
        "membership": ["MembershipAttack"],
        "nearest": ["NearestAttack", "NearestMeanAttack"],
        "result": ["AttackResult", "Guesses", "KeySearch", "Reconstruction", "Suspicions"],
        "ridge": ["RidgeAttack"],
        "threat_model": ["ThreatModel"],
        "unshared_weights": ["UnsharedWeightAttack"],
        "views": ["Ridge4ViewsAttack", "Ridge16ViewsAttack"],
    },
)
