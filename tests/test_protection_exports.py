"""What was made is shown when a file of it was refused, and not when something else went wrong."""

import pytest

from tfppdnn.exporting.verify import VerificationError
from tfppdnn.protection.exports import shown_even_if_refused


@pytest.mark.parametrize(
    ("raised", "times"),
    [(None, 1), (VerificationError("it differs"), 1), (KeyboardInterrupt(), 0), (OSError(), 0)],
)
def test_it_is_shown_once_or_not_at_all(raised, times):
    shown = []

    def make():
        with shown_even_if_refused(lambda: shown.append("report")):
            if raised is not None:
                raise raised

    if raised is None:
        make()
    else:
        with pytest.raises(type(raised)) as passed_on:
            make()
        assert passed_on.value is raised
    assert len(shown) == times
