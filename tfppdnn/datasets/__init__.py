"""Data sets: what is embedded, what tensorflow-datasets knows, and folders of images."""
