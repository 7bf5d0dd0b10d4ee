"""A SavedModel as a function."""

from __future__ import annotations

import os
from typing import Any

from tfppdnn.errors import UserError


class Signature:
    """The signature `serving_default` of a SavedModel: a function of named tensors.

    Args:
        path: The SavedModel's folder.
        mend: What to do if it cannot be loaded, for the message.

    Attributes:
        inputs: `tf.DType`s by name; none if the SavedModel has no such signature.
        shapes: The shapes of these.
        outputs: `tf.DType`s of what it returns, by name.

    Raises:
        UserError: It cannot be loaded.
    """

    def __init__(self, path: str | os.PathLike[str], *, mend: str):
        # TensorFlow takes seconds to import, and much does without.
        import tensorflow as tf

        try:
            # The signatures hold references into the loaded object: both must be kept.
            self._loaded = tf.saved_model.load(os.fspath(path))
        except Exception as error:
            raise UserError(
                f"{path} cannot be loaded as a SavedModel ({str(error).splitlines()[0]}); {mend}"
            ) from error
        self._function = function = self._loaded.signatures.get("serving_default")
        taken = function.structured_input_signature[1] if function else {}
        given = function.structured_outputs if function else {}
        self.inputs = {name: spec.dtype for name, spec in taken.items()}
        self.shapes = {name: spec.shape for name, spec in taken.items()}
        self.outputs = {name: spec.dtype for name, spec in given.items()}

    def __call__(self, **values: Any) -> dict[str, Any]:
        """Returns tensors by name.

        Args:
            values: Arrays or tensors by name, as `inputs` says.
        """
        return self._function(**values)
