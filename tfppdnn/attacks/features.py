"""What can be read off protected pictures: numbers from which a linear regression guesses well.

A picture that is drawn of a short code, of a few tiles in fixed places say, has many pixels that
say the same. Without those, what is left is the code.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tfppdnn.attacks.data import Images

_FEW_VALUES = 16


class Features:
    """Numbers of protected pictures, made to measure for the scheme that protected them.

    They are the values of the pixels, each as a deviation from its mean in standard deviations, but
    for those that are constant or the same as another's; for each that takes at most 16 values,
    which one it is; and random features (A. Rahimi, B. Recht, "Random features for large-scale
    kernel machines", NIPS 2007; here rectified sums), by which a linear guess becomes one that is
    not.

    Attributes:
        count: How many numbers a picture has.
    """

    def __init__(self, pictures: Images, *, most: int, random_features: int, seed: int):
        """Looks at pictures.

        Args:
            pictures: uint8 [M, H, W, 3], protected by the scheme, M at least 1.
            most: How many pixel values are taken as they are: of more, as many random sums. Which
                of few values each has is left out if that takes more.
            random_features: How many of these.
            seed: Of these.
        """
        columns = np.ascontiguousarray(pictures.reshape(len(pictures), -1).T)
        first = {column.tobytes(): place for place, column in enumerate(columns)}
        self._places = [place for place in first.values() if np.ptp(columns[place])]
        columns = columns[self._places]
        self._mean = columns.mean(axis=1)
        # One after the other: of all at once numpy makes a copy as numbers.
        self._deviation = np.array([column.std() for column in columns])
        values = [np.flatnonzero(np.bincount(column)) for column in columns]
        # The place and the value of each; the first value of a place is none of the others.
        few = [
            (place, value)
            for place, found in enumerate(values)
            if len(found) <= _FEW_VALUES
            for value in found[1:]
        ]
        self._few = np.array(few if len(few) <= most else [], np.intp).reshape(-1, 2)
        random = np.random.default_rng(seed)
        self._sums = None
        if len(columns) > most:
            self._sums = random.normal(size=(len(columns), most)) / np.sqrt(len(columns))
        taken = min(len(columns), most)
        self._directions = random.normal(size=(taken, random_features)) / np.sqrt(max(1, taken))
        self._offsets = random.normal(size=random_features)
        self.count = taken + len(self._few) + random_features

    def __call__(self, pictures: Images) -> NDArray[np.float64]:
        """Reads pictures.

        Args:
            pictures: uint8 [N, H, W, 3].

        Returns:
            float64 [N, `count`].
        """
        values = pictures.reshape(len(pictures), -1)[:, self._places]
        places, which = self._few.T
        few = values[:, places] == which
        taken = (values - self._mean) / self._deviation
        if self._sums is not None:
            taken = taken @ self._sums
        random = np.maximum(taken @ self._directions + self._offsets, 0)
        return np.hstack([taken, few, random])
