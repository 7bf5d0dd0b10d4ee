"""Serving a classifier as TensorFlow Serving does, from one Python process."""
