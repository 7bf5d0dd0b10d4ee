"""The settings of a training that takes seconds: what tests and the faults harness start from."""

TINY_SETTINGS = (
    "--objective=cyclegan",
    "--reference_width=0.0625",
    "--reference_epochs=1",
    "--reference_batch_size=256",
    "--preliminary_images=520",
    "--iterations=2",
    "--generator_width=4",
    "--generator_depth=2",
    "--discriminator_width=4",
    "--perceptual_weights=reference",
    "--transform_steps=6",
    "--transform_batch_size=8",
    "--pool_size=16",
    "--classifier_width=0.0625",
    "--classifier_epochs=1",
    "--classifier_batch_size=256",
    "--test_images=60",
    "--steps_per_round=2",
)
