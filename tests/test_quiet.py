"""What is silenced is silent, and what follows is heard again."""

import os
import subprocess
import sys
import threading

import pytest

from tfppdnn.quiet import silenced


def test_nothing_is_heard_inside_and_everything_afterwards(capfd):
    with silenced():
        print("python")
        os.write(2, b"c++\n")
    print("afterwards")
    os.write(2, b"as well\n")
    assert capfd.readouterr() == ("afterwards\n", "as well\n")


def test_an_error_passes(capfd):
    with pytest.raises(ValueError, match="told"), silenced():
        raise ValueError("told")
    os.write(1, b"heard\n")
    assert capfd.readouterr().out == "heard\n"


def test_threads_that_overlap_do_not_stay_silent(capfd):
    entered, left = threading.Event(), threading.Event()

    def other():
        with silenced():
            entered.set()
            left.wait()

    with silenced():
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait()
    os.write(1, b"not yet\n")
    left.set()
    thread.join()
    print("heard")
    os.write(2, b"heard\n")
    assert capfd.readouterr() == ("heard\n", "heard\n")


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_process_without_streams_is_silent_anyway(closed):
    code = "import sys; from tfppdnn.quiet import silenced\nwith silenced(): sys.exit(7)"
    done = subprocess.run(f'"{sys.executable}" -c "{code}" {closed}', shell=True, check=False)
    assert done.returncode == 7
