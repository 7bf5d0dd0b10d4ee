"""Presets: the paper's numbers, and an answer in one line to every wrong setting."""

import dataclasses
import json
import math

import pytest

from tfppdnn.errors import UserError
from tfppdnn.settings import (
    OF_THE_SCHEME,
    PRESETS,
    TrainingSettings,
    make_settings,
    recorded,
    settings_help,
)

# Section III-B and IV-B, and IV-D for the classifier.
PAPER = {
    "iterations": 50,
    "lambda_": 0.4,
    "gamma": [-1.0, 0.4, 0.9],
    "transform_epochs": 5000,
    "transform_steps": 0,  # Epochs count.
    "transform_learning_rate": 2e-4,
    "transform_beta_1": 0.5,
    "classifier_epochs": 200,
    "classifier_learning_rate": 0.1,
    "classifier_schedule": "steps",
    "image_size": 32,
    "preliminary_images": 0,  # All 50,000.
    "test_images": 0,
}
FULL_WIDTH = {
    "reference_width": 1.0,
    "generator_width": 64,
    "generator_depth": 5,
    "discriminator_width": 64,
    "classifier_width": 1.0,
    "pool_size": 50,
}


def test_the_paper_preset_holds_every_number_of_the_paper():
    paper = make_settings("paper").options()

    assert {name: paper[name] for name in PAPER} == PAPER
    assert {name: paper[name] for name in FULL_WIDTH} == FULL_WIDTH


@pytest.mark.parametrize("objective", ["cyclegan", "hardened"])
@pytest.mark.parametrize("name", OF_THE_SCHEME)
def test_every_preset_survives_the_journey_through_a_run_folder(name, objective):
    settings = make_settings(name, {"objective": objective})
    options = json.loads(json.dumps(settings.options()))

    assert recorded(options) == settings
    assert make_settings(name, options) == settings


def test_the_objective_is_chosen_at_every_scale():
    assert make_settings("cpu", {"objective": "hardened"}) == make_settings("hardened")
    assert make_settings("hardened", {"objective": "cyclegan"}) == make_settings("cpu")
    for name in OF_THE_SCHEME:
        made = {of: make_settings(name, {"objective": of}) for of in ("cyclegan", "hardened")}
        assert made["cyclegan"].reference == made["hardened"].reference
        assert made["hardened"].transformation.networks.protector_network == "bottleneck"


def test_a_setting_of_the_other_objective_is_answered_with_its_objective():
    with pytest.raises(UserError, match=r"--hiding_weight: .* add --objective=hardened"):
        make_settings("cpu", {"hiding_weight": 1})
    with pytest.raises(UserError, match=r"--gamma: .* add --objective=cyclegan"):
        make_settings("hardened", {"gamma": (-1, 1, 1)})


def test_records_of_earlier_versions_are_read():
    # One gamma for both objectives, and every setting of both.
    old = {"objective": "hardened", "gamma": [-1.0, 0.7, 0.9], "perceptual_cap": "off"}
    settings = recorded({**old, "hiding_weight": 3.0, "pool_size": 64, "transform_batch_size": 64})
    assert settings.transformation.objective.classification_weight == 0.7
    assert settings.transformation.objective.hiding_weight == 3.0
    # Still earlier ones knew the paper's alone, and did not say so.
    assert recorded({"gamma": [-1.0, 2.0, 0.9]}).transformation.objective.gamma == (-1.0, 2.0, 0.9)
    with pytest.raises(UserError, match="--objective=gan"):
        recorded({"objective": "gan"})


def test_settings_cannot_be_changed_behind_a_run():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_settings("quick").preliminary.epsilon = 0.5


# What fire makes of an option's text, and what becomes of it.
@pytest.mark.parametrize(
    ("option", "given", "kept"),
    [
        ("epsilon", 1, 1.0),
        ("epsilon", 8 / 255, 8 / 255),
        ("iterations", 1e2, 100),
        ("lambda_", 0, 0.0),
        ("random_start", False, False),
        ("generator_norm", "batch", "batch"),
        ("perceptual_cap", "off", "off"),
        ("perceptual_cap", 2, 2.0),
        ("perceptual_weights", "vgg16.npz", "vgg16.npz"),
        ("perceptual_weights", None, None),
        ("gamma", [-1, 0, 1.5], [-1.0, 0.0, 1.5]),
        ("gamma", (-2, 0.4, 0.9), [-2.0, 0.4, 0.9]),
        ("test_images", 0, 0),
        ("transform_beta_1", 0, 0.0),
    ],
)
def test_values_take_the_type_of_their_setting(option, given, kept):
    value = make_settings("cpu", {option: given}).options()[option]

    assert value == kept
    assert type(value) is type(kept)


@pytest.mark.parametrize(
    ("option", "given", "mend"),
    [
        ("epsilon", -0.1, "greater than 0 and at most 1"),
        ("epsilon", 0, "greater than 0 and at most 1"),
        ("epsilon", 8, "greater than 0 and at most 1"),
        ("epsilon", math.nan, "greater than 0"),
        ("epsilon", "large", "expected a number"),
        ("epsilon", True, "expected a number"),
        ("epsilon", None, "expected a number"),
        ("epsilon", [1.0], "expected a number"),
        ("step_size", 0, "greater than 0"),
        ("iterations", 0, "greater than 0"),
        ("iterations", 2.5, "expected a whole number"),
        ("iterations", math.inf, "expected a whole number"),
        ("iterations", "many", "expected a whole number"),
        ("image_size", 16, "from 32 to 4096"),
        ("image_size", 10**6, "from 32 to 4096"),
        ("reference_width", 0, "greater than 0"),
        ("reference_learning_rate", -0.1, "greater than 0"),
        ("transform_learning_rate", math.inf, "greater than 0"),
        ("transform_beta_1", 1, "from 0 to below 1"),
        ("transform_steps", -1, "0 (for all) or more"),
        ("preliminary_images", -5, "0 (for all), or 2 or more"),
        ("lambda_", -1, "0 or more"),
        ("generator_depth", 0, "from 1 to 8"),
        ("generator_depth", 9, "from 1 to 8"),
        ("generator_norm", "layer", "instance or batch"),
        ("generator_norm", None, "instance or batch"),
        ("discriminator_strided_layers", 7, "from 1 to 6"),
        ("discriminator_strided_layers", 4, "nothing is left of images of 32 pixels"),
        ("perceptual_cap", -1, "greater than 0"),
        ("perceptual_cap", "none", "a number, measured or off"),
        ("perceptual_weights", True, "expected a file or a name"),
        ("gamma", [-1, 0.4], "expected three numbers"),
        ("gamma", [-1, 0.4, "x"], "expected three numbers"),
        ("gamma", 0.4, "expected three numbers"),
        ("gamma", [-1, 0.4, math.inf], "three finite numbers"),
        ("random_start", 1, "expected True or False"),
        ("random_start", "yes", "expected True or False"),
        ("pool_size", 0, "greater than 0"),
        ("objective", "gan", "cyclegan or hardened"),
        ("protector_network", "resnet", "unet or bottleneck"),
        ("code_levels", 1, "from 2 to 256"),
        ("code_size", 0, "greater than 0"),
        ("pool_size", 4, "must be --transform_batch_size (16) or more"),
        ("steps_per_round", 0, "greater than 0"),
    ],
)
def test_wrong_values_are_refused_with_the_option_and_the_mend(option, given, mend):
    with pytest.raises(UserError) as refused:
        make_settings("cpu", {option: given})

    message = str(refused.value)
    assert message.startswith(f"--{option}=")
    assert mend in message
    assert "\n" not in message


def test_the_hardened_objective_needs_batches():
    with pytest.raises(UserError, match=r"--transform_batch_size=1: .* give 2 or more"):
        make_settings("hardened", {"transform_batch_size": 1})
    assert make_settings("cpu", {"transform_batch_size": 1}).transformation.batch_size == 1
    with pytest.raises(UserError, match="--hiding_weight=-1: must be 0 or more"):
        make_settings("hardened", {"hiding_weight": -1})


def test_a_bottleneck_takes_images_of_multiples_of_eight():
    with pytest.raises(UserError, match=r"--image_size=36: must be a multiple of 8"):
        make_settings("hardened", {"image_size": 36})
    assert make_settings("hardened", {"image_size": 40}).data.image_size == 40


def test_an_unknown_option_is_answered_with_the_nearest_one():
    with pytest.raises(UserError, match=r"did you mean --epsilon\?"):
        make_settings("quick", {"epsilom": 1})
    with pytest.raises(UserError, match="--xyzzy: there is no such option; see --help"):
        make_settings("quick", {"xyzzy": 1})


def test_an_unknown_preset_is_answered_with_those_there_are():
    with pytest.raises(UserError, match=r"--preset=fast: .* choose quick, cpu, hardened, paper"):
        make_settings("fast")


def test_library_callers_are_checked_too():
    with pytest.raises(ValueError, match="less than or equal to 1"):
        dataclasses.replace(TrainingSettings().preliminary, epsilon=8)


def test_the_help_explains_every_setting_with_its_value_in_each_preset():
    text = settings_help()

    for name in PRESETS:
        for option in make_settings(name).options():
            assert f"    --{option}=" in text
    assert "--gate_steps=400\n" in text
    steps = [str(make_settings(name).transformation.steps) for name in OF_THE_SCHEME]
    assert f"--transform_steps={' | '.join([*steps, '-'])}\n" in text
    assert "--hiding_weight=2.0 | - | 2.0 | - | -\n" in text
    assert "=-\n" not in text  # Groups are no options.
    assert text.count("    --trunk=") == 1  # Nor is one whose name is also its option.


@pytest.mark.long
def test_the_papers_networks_are_built_and_take_a_step():
    import keras
    import numpy as np
    import tensorflow as tf

    from tfppdnn.datasets.digits import load_digits
    from tfppdnn.models.vgg13 import vgg13_bn
    from tfppdnn.protection.preliminary_images import PreliminaryImages
    from tfppdnn.protection.transformation_network import build_transformation_network

    settings = make_settings("paper", {"perceptual_weights": "reference", "perceptual_cap": 1.7})
    dataset = load_digits()
    classifier = vgg13_bn(num_classes=10, width=settings.reference.width)
    protected = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    preliminary = PreliminaryImages(protected, dataset.train_labels[:2], np.arange(2))
    model, _ = build_transformation_network(settings, dataset, classifier, preliminary, seed=0)

    # Counted by hand in test_models_networks.py; the discriminators have one layer less.
    assert classifier.count_params() == 9_413_066 + 5_888
    assert model.protector.count_params() == model.restorer.count_params() == 34_520_323
    assert (model.lambda_, model.gamma) == (0.4, (-1.0, 0.4, 0.9))

    images = dataset.train_images[:2].astype(np.float32) / 255
    data = ((images, dataset.train_labels[:2]), (protected / np.float32(255), np.zeros(2, int)))
    before = model.protector.trainable_variables[0].numpy()
    metrics = model.train_step(tf.nest.map_structure(tf.constant, data))
    change = np.abs(model.protector.trainable_variables[0].numpy() - before)

    assert all(np.isfinite(keras.ops.convert_to_numpy(value)) for value in metrics.values())
    # Adam's first step is the learning rate for whatever has a gradient.
    assert np.median(change) == pytest.approx(2e-4, rel=0.01)


def test_photos_have_settings_of_their_own():
    settings = make_settings("photos", {"code_size": 64, "trunk": "my.keras"})
    assert recorded(json.loads(json.dumps(settings.options()))) == settings
    assert (settings.code.size, settings.trunk.source) == (64, "my.keras")
    assert settings.trained().keys().isdisjoint(settings.options("classifier"))
    with pytest.raises(UserError, match="--gamma: not a setting of --preset=photos"):
        make_settings("photos", {"gamma": (-1, 1, 1)})
    with pytest.raises(UserError, match=r"--trunk_sise: there is no such option; .*--trunk_size"):
        make_settings("photos", {"trunk_sise": 64})


BOTTLENECK = {"protector_network": "bottleneck", "objective": "hardened"}


@pytest.mark.parametrize(
    ("preset", "options", "said"),
    [
        ("cpu", {}, "--privacy_epsilon=8: only a code can be random"),
        ("cpu", {"protector_network": "bottleneck"}, "the paper's objective has no noise"),
        ("quick", {**BOTTLENECK, "privacy_words": 2}, "--privacy_words=2: a bottleneck has one"),
        ("photos", {"privacy_choices": 48}, "--privacy_choices=48: must be a power of 2"),
        ("photos", {"privacy_epsilon": 0.0, "privacy_choices": 16}, "or --privacy_words=2, or"),
        *(
            (
                "photos",
                {"privacy_epsilon": 0.0, "privacy_words": 2, option: 4},
                f"--{option}: not with --privacy_words,",
            )
            for option in ("code_levels", "code_hiding_weight", "code_label_weight")
        ),
        ("cpu", {"privacy_epsilon": 0.0, "privacy_words": 2}, "add --preset=photos, or"),
        ("photos", {"privacy_epsilon": -1.0}, "--privacy_epsilon=-1.0: must be 0 or more"),
    ],
)
def test_noise_that_has_no_place_is_refused(preset, options, said):
    with pytest.raises(UserError) as refused:
        make_settings(preset, {"privacy_epsilon": 8.0, **options})
    assert said in str(refused.value)


def test_photographs_may_be_named_by_words_without_noise():
    privacy = make_settings("photos", {"privacy_words": 3, "privacy_choices": 16}).privacy
    assert (privacy.epsilon, privacy.words_of_photos, privacy.choices) == (0.0, 3, 16)
    assert make_settings("photos").privacy.words_of_photos == 0


@pytest.mark.parametrize(("epsilon", "words"), [(2.0, 1), (8.0, 1), (12.0, 2), (32.0, 4)])
def test_photographs_get_a_word_for_each_eight_of_epsilon(epsilon, words):
    privacy = make_settings("photos", {"privacy_epsilon": epsilon}).privacy
    assert privacy.words_of_photos == words


def test_a_bottleneck_is_named_by_one_word():
    settings = make_settings("cpu", {**BOTTLENECK, "privacy_epsilon": 8.0})
    assert settings.privacy.choices == 64
