"""What the terminal shows: a bar where there is somebody to see it, and an end by Ctrl+C."""

import io
import os
import signal
import sys

import pytest

from maskloop.terminal import Interrupt, progress, without_noise


class Screen(io.StringIO):
    def isatty(self):
        return True


def shown(monkeypatch, stderr, *steps):
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("COLUMNS", "100")
    with progress("Segmenting", 4) as reach:
        for step in steps:
            reach(*step)
        return stderr.getvalue().split("\r")[-1]


def test_the_bar_shows_the_share_and_the_time_left(monkeypatch):
    line = shown(monkeypatch, Screen(), (1, "a.png"))
    assert "Segmenting  25%" in line
    assert "left, a.png" in line


def test_the_bar_never_goes_back_nor_past_its_end(monkeypatch):
    assert " 50%" in shown(monkeypatch, Screen(), (2, "a.png"), (1, "a.png"))
    assert "100%" in shown(monkeypatch, Screen(), (5, "a.png"))


def test_there_is_no_bar_in_a_file(monkeypatch):
    assert shown(monkeypatch, io.StringIO(), (1, "a.png")) == ""


def test_noise_of_libraries_is_silenced_and_only_there(capfd):
    with without_noise():
        os.write(2, b"noise")
    os.write(2, b"word")
    assert capfd.readouterr().err == "word"


def test_stderr_comes_back_after_an_error(capfd):
    with pytest.raises(ValueError, match="broken"), without_noise():
        raise ValueError("broken")
    os.write(2, b"word")
    assert capfd.readouterr().err == "word"


def test_the_first_interrupt_asks_and_the_second_aborts(capsys):
    before = signal.getsignal(signal.SIGINT)
    with Interrupt("stopping.") as interrupt:
        assert not interrupt.asked
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked
        assert capsys.readouterr().err == "maskloop: stopping. Ctrl+C again aborts.\n"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
