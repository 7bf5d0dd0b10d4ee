"""Labelled images: the embedded digits, folders, tensorflow-datasets, arrays; their batches."""

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.load import AnyDataset, load_dataset

__all__ = ["AnyDataset", "ImageDataset", "load_dataset"]
