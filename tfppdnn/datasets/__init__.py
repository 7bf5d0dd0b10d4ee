"""Labelled images: the embedded digits, folders, tensorflow-datasets, arrays; their batches."""

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.images_on_disk import ImagesOnDisk
from tfppdnn.datasets.load import AnyDataset, load_dataset

__all__ = ["AnyDataset", "ImageDataset", "ImagesOnDisk", "load_dataset"]
