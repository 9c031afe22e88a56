"""One row an epoch, in a file that a spreadsheet opens."""

import csv
from dataclasses import asdict

import pytest

from maskloop.project.history import Epoch, write_history


def test_what_was_written_is_read_back(tmp_path):
    epochs = [Epoch(i, 1 / i, 0.5, 0.25, float("nan"), 1e-3, 1 / 3, 0.4, 1e-5, 12.5) for i in (1, 2)]
    write_history(tmp_path / "history.csv", epochs)
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    for row, epoch in zip(rows, epochs, strict=True):
        assert list(row) == list(asdict(epoch))
        for name, value in asdict(epoch).items():
            assert float(row[name]) == pytest.approx(value, abs=1e-6, nan_ok=True)


def test_the_file_is_replaced_as_a_whole(tmp_path):
    for count in (2, 1):
        write_history(tmp_path / "history.csv", [Epoch(i, *9 * [0.0]) for i in range(count)])
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]
