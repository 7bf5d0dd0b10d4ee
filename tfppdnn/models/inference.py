"""A network as one compiled graph: how every network is run that is not being trained."""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras

_KEPT = "_tfppdnn_inference"


def inference(network: keras.Model) -> Callable:
    """Compiles a network for inference, once, for batches of any number.

    Called layer by layer, a U-Net takes several times as long. There is one signature, as relaxed
    as the network's own input is, so that neither a last, smaller batch nor another size has
    it traced again. The graph reads the network's weights where they are: it may be kept while
    the network is trained on.

    Args:
        network: Of one input, in any dtype that can be cast to the input's, or of several.

    Returns:
        A function of a batch of each input that does what calling the network with
        `training=False` does; on another backend than TensorFlow just that.
    """
    if keras.backend.backend() != "tensorflow":
        return functools.partial(_called, network)
    kept = network.__dict__.get(_KEPT)
    if kept is None:
        kept = _compiled(network)
        # Kept with the network, and gone when it goes; past Keras, which tracks what it is given.
        object.__setattr__(network, _KEPT, kept)
    return kept


def _compiled(network: keras.Model) -> Callable:
    import tensorflow as tf

    signature = [tf.TensorSpec([None, *entry.shape[1:]], entry.dtype) for entry in network.inputs]
    return tf.function(functools.partial(_called, network), input_signature=signature)


def _called(network: keras.Model, *batches):
    return network(batches[0] if len(batches) == 1 else list(batches), training=False)
