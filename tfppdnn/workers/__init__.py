"""Several processes that train together: who this one is, and what they tell each other.

TF_CONFIG says who they are, as for every program of TensorFlow's. They meet in a
`tf.distribute.MultiWorkerMirroredStrategy` and use its collectives. Each keeps its own variables,
which are equal because all begin at one checkpoint and all take the same means of gradients.

Nothing here does anything in a process that is alone, and nothing imports TensorFlow there.
"""

from tfppdnn.workers.meeting import (
    chief_first,
    here,
    is_chief,
    join,
    part_of,
    taking_part,
    told,
    wait,
)
from tfppdnn.workers.place import ALONE, Place, place_in
from tfppdnn.workers.telling import (
    averaged,
    drawn,
    each_a_part,
    gathered,
    is_telling,
    own_rows,
    telling,
)

__all__ = [
    "ALONE",
    "Place",
    "averaged",
    "chief_first",
    "drawn",
    "each_a_part",
    "gathered",
    "here",
    "is_chief",
    "is_telling",
    "join",
    "own_rows",
    "part_of",
    "place_in",
    "taking_part",
    "telling",
    "told",
    "wait",
]
