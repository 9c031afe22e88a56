"""Learning from a project: what is reviewed counts, what is held out and what is not reviewed does not."""

import csv
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from maskloop import Project, compare, train
from maskloop.config import LabelsConfig, NetworkConfig, TaskConfig
from maskloop.errors import InputError
from maskloop.project.export import export_project
from maskloop.project.held_out import read_held_out
from maskloop.project.model_folder import read_card, save_card
from maskloop.project.rehearsal import Rehearsal, read_rehearsal, save_rehearsal

SHAPE = (64, 128)
CENTRES = [(14, 16), (44, 24), (20, 56), (48, 70), (16, 92), (46, 112)]


def noisy(labels):
    rng = np.random.default_rng(0)
    return (np.where(labels > 0, 150, 40) + rng.normal(0, 8, labels.shape)).astype(np.uint8)


@pytest.fixture
def make_project(tmp_path, discs):
    """A function that makes a project of two images; their labels can be changed before they are stored."""

    def make_project(name="cells", change=lambda labels: labels, reviewed=1, radius=9, zoom=1):
        with Project.create(tmp_path / name) as project:
            for title, shift in (("a", 0), ("b", 3)):
                truth = discs(SHAPE, [(y + shift, x + shift) for y, x in CENTRES], radius)
                mask = np.broadcast_to(np.array(reviewed, np.uint8), SHAPE)
                image, labels, mask = (np.kron(a, np.ones((zoom, zoom), a.dtype)) for a in (noisy(truth), truth, mask))
                project.add(image, change(labels.copy()), name=title, reviewed=mask)
        return project.folder

    return make_project


def losses(folder, column):
    with (folder / "history.csv").open(newline="") as file:
        return [float(row[column]) for row in csv.DictReader(file)]


def test_a_project_is_learned_from_and_the_card_says_from_what(make_project, settings, tmp_path):
    folder = make_project()
    card = train(folder, tmp_path / "model", settings())
    with Project(folder) as project:
        assert card.training.revisions == {entry.id: 1 for entry in project.entries}
    assert (card.training.data, card.training.images, card.training.held_out) == ("cells", 2, ("a", "b"))
    assert card.diameter == pytest.approx(18, abs=1)
    assert read_card(tmp_path / "model") == card


def test_nothing_that_is_held_out_is_trained_on(make_project, settings, tmp_path):
    def spoil(labels):
        labels[:, 102:] = np.arange(101, 127)  # held out is the last fifth
        return labels

    plain, spoilt = make_project(), make_project("spoilt", change=spoil)
    trained = {folder.name: tmp_path / f"model of {folder.name}" for folder in (plain, spoilt)}
    for folder in (plain, spoilt):
        train(folder, trained[folder.name], settings())
    assert {choice[2] for choice in read_held_out(plain).images.values()} == {102}
    assert losses(trained["cells"], "loss") == losses(trained["spoilt"], "loss")
    assert losses(trained["cells"], "val_loss") != losses(trained["spoilt"], "val_loss")


def test_a_training_from_a_project_s_own_model_goes_on_after_the_project_was_moved(
    make_project, make_model, settings, tmp_path
):
    folder = make_project()
    (folder / "models").mkdir()
    make_model(folder / "models" / "tiny", diameter=18)
    with pytest.raises(ZeroDivisionError):
        train(folder, tmp_path / "model", settings(base="tiny"), on_epoch=lambda *_: 1 / 0)
    moved, seen = folder.rename(tmp_path / "moved"), []
    train(moved, tmp_path / "model", settings(base="tiny"), on_epoch=lambda epoch, _: seen.append(epoch.epoch))
    assert seen == [2, 3]


def test_what_is_not_reviewed_changes_nothing(make_project, settings, tmp_path):
    reviewed = np.ones(SHAPE)
    reviewed[:30, 40:75] = 0

    def spoil(labels):
        labels[:29, 41:74] = 99
        return labels

    for name, change in (("plain", lambda labels: labels), ("spoilt", spoil)):
        train(make_project(name, change, reviewed), tmp_path / f"model of {name}", settings())
    for column in ("loss", "val_loss"):
        assert losses(tmp_path / "model of plain", column) == losses(tmp_path / "model of spoilt", column)


def test_of_what_was_exported_only_what_is_reviewed_teaches_and_judges(make_project, settings, tmp_path):
    reviewed = np.ones(SHAPE)
    reviewed[:30, 40:75] = 0

    def spoil(labels):
        labels[:29, 41:74] = 99  # nobody has looked at it
        return labels

    cards = []
    for name, change in (("plain", lambda labels: labels), ("spoilt", spoil)):
        with Project(make_project(name, change, reviewed)) as project:
            export_project(project, tmp_path / f"{name} images")
        cards.append(train(tmp_path / f"{name} images", tmp_path / f"model of {name}", settings()))
    for column in ("loss", "val_loss"):
        assert losses(tmp_path / "model of plain", column) == losses(tmp_path / "model of spoilt", column)
    plain, spoilt = cards
    assert plain.labels == spoilt.labels
    assert plain.training.scores == spoilt.training.scores


def test_objects_of_another_size_are_brought_to_that_of_the_base(make_project, settings, tmp_path):
    train(make_project(), tmp_path / "base", settings())
    card = train(make_project("large", zoom=3), tmp_path / "model", settings(base=str(tmp_path / "base")))
    assert card.usual_diameter == pytest.approx(54, abs=3)
    assert card.diameter == pytest.approx(18, abs=1)


def test_a_model_rehearses_what_its_base_knew_and_hands_it_on(make_project, settings, tmp_path):
    folder = make_project()
    train(folder, tmp_path / "base", settings())
    again = settings(base=str(tmp_path / "base"))
    train(folder, tmp_path / "without", again)
    other = np.kron(np.eye(8, dtype=np.uint8), np.ones((8, 8), np.uint8))
    crop = (200 - 150 * other)[..., None], other
    save_rehearsal(Rehearsal([crop], [crop]), tmp_path / "base")
    train(folder, tmp_path / "with", again)
    assert losses(tmp_path / "with", "loss") != losses(tmp_path / "without", "loss")
    assert len(read_rehearsal(tmp_path / "with").judged) == 1
    assert read_rehearsal(tmp_path / "without") == Rehearsal([], [])


def test_two_models_are_compared_on_the_same_held_out_pixels(make_project, settings, tmp_path):
    folder = make_project()
    card = train(folder, folder / "models" / "good", settings(epochs=12, steps=12))
    shutil.copytree(folder / "models" / "good", folder / "models" / "poor")
    save_card(card.model_copy(update={"labels": LabelsConfig(min_size=100_000)}), folder / "models" / "poor")
    shares = []
    comparison = compare("poor", "good", folder, on_image=shares.append)
    old, new = comparison.here
    assert old.counts.truth == new.counts.truth == 2  # one whole disc in each held-out region
    assert new.counts.ap[0] > old.counts.ap[0]
    assert comparison.before is None
    assert comparison.recommendation.startswith("Adopt good: it is better")
    assert "only 2 objects speak for it" in comparison.recommendation
    assert compare("good", "poor", folder).recommendation.startswith("Keep good: poor is worse")
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert [row[:2] for row in comparison.rows()[1:]] == [["held out", "poor"], ["held out", "good"]]
    assert comparison.picture.truth.any()
    assert not np.array_equal(comparison.picture.before, comparison.picture.after)


def test_a_comparison_that_says_it_is_done_segments_nothing_more(make_project, make_model):
    folder, shares = make_project(), []
    (folder / "models").mkdir()
    make_model(folder / "models" / "old", diameter=18)
    make_model(folder / "models" / "new", diameter=18, labels=LabelsConfig(min_size=100_000))
    options = {"on_image": shares.append, "should_stop": lambda: shares[-1:] == [1]}
    picture = compare("old", "new", folder, **options).picture
    assert shares[-1] == 1
    assert picture.before.shape == picture.after.shape == picture.truth.shape
    assert not picture.after.any()


def test_the_terminal_puts_a_model_into_its_project_and_compares_it_with_its_base(
    make_project, settings, tmp_path, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a queue of its own
    folder = make_project()
    tiny = folder / "models" / "tiny"
    train(folder, tiny, settings())
    save_rehearsal(Rehearsal([], [(noisy(np.eye(64, dtype=int))[..., None], np.eye(64, dtype=int))]), tiny)

    def maskloop(*arguments):
        command = [sys.executable, "-m", "maskloop", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=280)

    trained = maskloop("train", folder, "--base", "tiny", "--epochs", 1)
    assert trained.returncode == 0, trained.stderr
    assert "Training tiny-2" in trained.stdout
    assert read_card(folder / "models" / "tiny-2").training.base == "tiny"
    compared = maskloop("compare", "tiny", "tiny-2", "--on", folder)
    assert compared.returncode == 0, compared.stderr
    assert [re.split("  +", line)[:2] for line in compared.stdout.splitlines()[1:5]] == [
        ["held out", "tiny"],
        ["held out", "tiny-2"],
        ["known before", "tiny"],
        ["known before", "tiny-2"],
    ]
    assert "tiny" in compared.stdout.splitlines()[-1]
    refused = maskloop("train", make_project("empty", reviewed=0), "--base", "nuclei")
    assert refused.returncode == 1
    assert "is reviewed yet" in refused.stderr
    assert list((tmp_path / "empty" / "models").iterdir()) == []


def test_a_project_of_which_nothing_is_reviewed_is_refused_before_a_folder_is_made(make_project, settings, tmp_path):
    with pytest.raises(InputError, match="is reviewed yet"):
        train(make_project(reviewed=0), tmp_path / "model", settings())
    assert not (tmp_path / "model").exists()


def test_objects_larger_than_a_crop_are_made_smaller_also_from_scratch(make_project, settings, tmp_path):
    card = train(make_project(radius=9, zoom=6), tmp_path / "model", settings(crop=64))
    assert card.usual_diameter == pytest.approx(6 * 18, rel=0.1)
    assert card.diameter == pytest.approx(0.75 * 64, rel=0.1)


def test_a_model_is_not_judged_by_labels_that_mean_something_else(tiny_model, tmp_path):
    Project.create(tmp_path / "cells", task=TaskConfig(kind="foreground")).close()
    with pytest.raises(InputError, match="'tiny' makes objects, and the labels of this project mean foreground"):
        compare(tiny_model, tiny_model, tmp_path / "cells")


def test_the_first_model_of_its_kind_is_judged_alone(discs, make_model, tmp_path):
    task = TaskConfig(kind="foreground")
    with Project.create(tmp_path / "tissue", task) as project:
        truth = (discs(SHAPE, CENTRES, 9) > 0).astype(int)
        project.add(noisy(truth), truth, name="a", reviewed=truth >= 0)
    (project.folder / "models").mkdir()
    network = NetworkConfig(filters=(4, 8), task=task)
    for name, threshold in (("all", 0.05), ("nothing", 0.95)):
        make_model(project.folder / "models" / name, network, labels=LabelsConfig(foreground=threshold, min_size=0))
    found, missed = (compare(None, name, project.folder) for name in ("all", "nothing"))
    assert [row[:2] for row in found.rows()] == [["pixels", "model"], ["held out", "all"]]
    assert found.recommendation.startswith("Adopt all: it is the first model that makes such labels (Dice 0.")
    assert found.is_better
    assert not missed.is_better
    assert missed.recommendation.startswith("Discard nothing: it has learned next to nothing yet (Dice 0.00")
    assert not found.picture.before.any()
    assert found.before is None
