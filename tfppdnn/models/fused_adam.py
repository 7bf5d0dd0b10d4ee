"""Adam that reads and writes each variable once a step."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable(package="tfppdnn")
class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam, with one operation of TensorFlow's for each variable.

    Keras's own computes the same in a dozen, each of which goes through the whole variable:
    results differ by rounding. Where TensorFlow has no such operation (other backends,
    `amsgrad`, sparse gradients) this is Keras's own.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Updates a variable, and the two running means of its gradient, in place."""
        if self.amsgrad or keras.backend.backend() != "tensorflow":
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        if not isinstance(gradient, tf.Tensor):
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        value = _of_backend(variable)
        step = tf.cast(_of_backend(self.iterations), tf.float32) + 1.0
        tf.raw_ops.ResourceApplyAdam(
            var=value.handle,
            m=_of_backend(self._momentums[index]).handle,
            v=_of_backend(self._velocities[index]).handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, value.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, value.dtype),
        )


def _of_backend(variable):
    """TensorFlow's variable behind Keras's; of several, each worker is given the former."""
    return variable.value if isinstance(variable, keras.Variable) else variable
