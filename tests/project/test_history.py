"""One row an epoch, in a file that a spreadsheet opens."""

import csv
import math
from dataclasses import asdict

import pytest

from maskloop.errors import ModelError
from maskloop.project.history import Epoch, read_history, write_history
from maskloop.project.model_folder import bundled_models, read_card


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
    read = read_history(tmp_path / "history.csv")
    for ours, epoch in zip(read, epochs, strict=True):
        assert asdict(ours) == pytest.approx(asdict(epoch), abs=1e-6, nan_ok=True)
        assert isinstance(ours.epoch, int)


def test_the_file_is_replaced_as_a_whole(tmp_path):
    for count in (2, 1):
        write_history(tmp_path / "history.csv", [Epoch(i, *9 * [0.0]) for i in range(count)])
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


@pytest.mark.parametrize("folder", bundled_models(), ids=lambda folder: folder.name)
def test_bundled_models_have_a_history(folder):
    history = read_history(folder / "history.csv")
    assert [epoch.epoch for epoch in history] == list(range(1, len(history) + 1))
    assert len(history) == read_card(folder).training.epochs
    assert all(0 < epoch.val_ap50 < 1 and 0 < epoch.val_dice < 1 for epoch in history)


def test_what_an_older_version_did_not_write_is_no_number(tmp_path):
    file = tmp_path / "history.csv"
    file.write_text("epoch,loss,val_dice\n1,0.5,0.8\n")
    [epoch] = read_history(file)
    assert (epoch.epoch, epoch.loss, epoch.val_dice) == (1, 0.5, 0.8)
    assert math.isnan(epoch.val_ap50)


def test_no_file_is_no_history_and_a_damaged_one_is_named(tmp_path):
    file = tmp_path / "history.csv"
    assert read_history(file) == []
    for content in (
        b"epoch,loss\n1,much\n",
        b"epoch,loss\ninf,0.5\n",
        b"\xff\xfe\x00",
        b"epoch,loss\n1\n",
        b"loss\n0.5\n",
    ):
        file.write_bytes(content)
        with pytest.raises(ModelError, match=r"history\.csv is damaged"):
            read_history(file)
