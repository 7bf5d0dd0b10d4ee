"""The paper's objective, trained as any Keras model: `paper_objective.py [EPOCHS] [FILE.keras]`."""

import sys

# Before TensorFlow, which trains faster for it (docs/faq.md).
from tfppdnn.datasets import load_dataset
from tfppdnn.models import patchgan, unet, vgg13_bn
from tfppdnn.protection import CycleGAN, PreliminaryProtection

# isort: split
import keras
import tensorflow as tf

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 8
digits = load_dataset("digits")
x, y = digits.train_images.astype("float32") / 255, digits.train_labels
x_test, y_test = digits.test_images.astype("float32") / 255, digits.test_labels

classifier = vgg13_bn(num_classes=10, width=0.125)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
classifier.compile("adam", loss, metrics=["accuracy"])
relus = [layer.name for layer in classifier.layers if "re_lu" in layer.name]
classifier.fit(x, y, epochs=epochs, validation_data=(x_test, y_test), verbose=2)

pairs = tf.data.Dataset.from_tensor_slices((x, y)).batch(128)
x_p = PreliminaryProtection(classifier, batch_size=128).predict(pairs, verbose=2)
x_p, y_p = x_p[::-1], y[::-1]  # The two of a batch are not to be of the same picture.

model = CycleGAN(
    protector=unet(base_width=8, depth=3),
    restorer=unet(base_width=8, depth=3),
    plain_discriminator=patchgan(base_width=8, strided_layers=2),
    protected_discriminator=patchgan(base_width=8, strided_layers=2),
    reference_classifier=classifier,
    features=relus[1],
)
model.compile(optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5))
model.fit((x, y), (x_p, y_p), batch_size=16, epochs=epochs, verbose=2)
model.evaluate((x_test, y_test), (x_p[:300], y_p[:300]), verbose=2)
model.save(sys.argv[2] if len(sys.argv) > 2 else "paper_objective.keras")
