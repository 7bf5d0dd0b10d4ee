"""How far work is, as it is read: on a terminal of 80 columns, and in a file."""

import os
import pty
import re
import subprocess
import sys
import termios
import textwrap

import pytest

from tfppdnn import progress
from tfppdnn.progress import Progress, following

SCRIPT = """
    import sys, time
    from tqdm import tqdm
    from tfppdnn.progress import Progress

    figures = {"accuracy": 0.98765, "classification": 4.29, "discriminator": 0.133}
    with Progress(sys.argv[1], 12_345) as progress:
        for step in range(12_345):
            progress.show(figures)
            progress.update()
            if step % 4_000 == 0:
                tqdm.write("a line between", file=sys.stderr)
                time.sleep(0.6)
"""


def on_a_terminal(title, *, columns=80):
    """What a terminal of some columns is sent."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), title], stderr=theirs, stdout=theirs
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 2**16)
        except OSError:  # Linux says so that nobody writes any more.
            break
        if not piece:
            break
        said += piece
    assert process.wait() == 0
    return [part for part in re.split(r"[\r\n]+", said.decode()) if part.strip()]


@pytest.mark.parametrize("title", ["gate", "classifier on protected images", "x" * 50])
def test_a_bar_fits_a_terminal_and_says_what_is_left(title):
    drawn = on_a_terminal(title)
    bars = [part for part in drawn if title[:30] in part]
    assert len(bars) > 3 and drawn.count("a line between") == 4
    assert all(len(part) < 80 for part in drawn)
    assert re.search(r"\d\d:\d\d left", bars[-2])
    assert "12345/12345" in bars[-1]
    assert "discriminator" not in "".join(bars)


@pytest.mark.slow
def test_two_figures_are_shown_where_there_is_room_and_whole():
    assert on_a_terminal("gate")[-1].endswith("left, accuracy 0.988, classification 4.29")
    assert on_a_terminal("protected images")[-1].endswith("left, accuracy 0.988")
    assert "accuracy" not in "".join(on_a_terminal("x" * 50))


def test_a_narrow_terminal_is_not_overrun():
    assert all(len(part) < 40 for part in on_a_terminal("gate", columns=40))


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets, for what a user would wait minutes to see."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_without_a_terminal_there_is_a_line_now_and_then(clock, capfd):
    with Progress("training", 100) as bar:
        for _ in range(100):
            clock[0] += 2
            bar.show({"loss": 0.51234, "accuracy": 0.9, "third": 1})
            bar.update()
    said = capfd.readouterr()
    lines = said.err.splitlines()
    assert said.out == "" and "\r" not in said.err
    # A step takes 2 seconds, so every 15th is 30 seconds after the last that was told.
    assert lines[0] == "training: 15 of 100 steps, 02:50 left, loss 0.512, accuracy 0.9"
    assert lines[-1] == "training: 100 steps in 03:20, loss 0.512, accuracy 0.9"
    assert len(lines) == 7


def test_the_slow_first_step_is_no_measure_of_the_others(clock, capfd):
    bar = Progress("training", 41)
    clock[0] += 1000
    bar.update()
    for _ in range(20):
        clock[0] += 2
        bar.update()
    assert "21 of 41 steps" not in capfd.readouterr().err.splitlines()[0]
    clock[0] += 30
    bar.update()
    # 21 steps in 70 seconds; 19 are left.
    assert "22 of 41 steps, 01:03 left" in capfd.readouterr().err


def test_work_that_takes_a_moment_is_not_spoken_of(clock, capfd):
    assert list(following("abc", "reading", 3, unit="letters", brief=True)) == list("abc")
    assert capfd.readouterr().err == ""
    assert list(following("abc", "reading", 3, unit="letters")) == list("abc")
    assert capfd.readouterr().err == "reading: 3 letters in 00:00\n"


def test_what_was_stopped_is_not_said_to_be_done(clock, capfd):
    with pytest.raises(ValueError, match="enough"), Progress("training", 3) as bar:
        bar.update()
        raise ValueError("enough")
    assert capfd.readouterr().err == ""
