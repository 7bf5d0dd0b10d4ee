"""The cloud's part: a classifier of protected images (Section IV-D, Fig. 5a)."""

from tfppdnn.classification.fit import ClassifierResult, fit_classifier

__all__ = ["ClassifierResult", "fit_classifier"]
