"""What clients run: protection without TensorFlow."""
