"""Earlier name of `tfppdnn.protector.Scheme`, for as long as parts of the package call it so."""

from tfppdnn.protector.scheme import Scheme as Protector

__all__ = ["Protector"]
