"""What people do without a scheme, to compare others with.

Nothing, a blur, large pixels; the label alone; and as many bits as a code has, spent on the pixels.
"""

from tfppdnn.baselines.blur import Blur
from tfppdnn.baselines.label import Label
from tfppdnn.baselines.make import BASELINES, LABEL, make_baseline
from tfppdnn.baselines.pca import PCA, PCACode
from tfppdnn.baselines.pixelate import Pixelate
from tfppdnn.baselines.plain import Plain

__all__ = [
    "BASELINES",
    "LABEL",
    "PCA",
    "Blur",
    "Label",
    "PCACode",
    "Pixelate",
    "Plain",
    "make_baseline",
]
