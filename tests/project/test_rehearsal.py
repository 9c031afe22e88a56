"""The crops that a model carries of its own training data."""

import numpy as np
import pytest

from maskloop.errors import ModelError
from maskloop.project.model_folder import bundled_models, read_card
from maskloop.project.rehearsal import REHEARSAL_FILE, Rehearsal, read_rehearsal, save_rehearsal


def crop(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (8, 9, 1 + 2 * (seed % 2)), np.uint8), rng.integers(0, 5, (8, 9)).astype(np.int32)


def test_what_is_saved_is_read_again(tmp_path):
    rehearsal = Rehearsal([crop(i) for i in range(11)], [crop(99)])
    save_rehearsal(rehearsal, tmp_path)
    again = read_rehearsal(tmp_path)
    for part in ("learned", "judged"):
        saved, read = getattr(rehearsal, part), getattr(again, part)
        for one, other in zip(saved, read, strict=True):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])
            assert (other[0].dtype, other[1].dtype) == (np.uint8, np.int32)


def test_a_model_without_crops_has_none_to_rehearse(tmp_path):
    assert read_rehearsal(tmp_path) == Rehearsal([], [])


def test_grey_images_without_an_axis_for_channels_are_read_still(tmp_path):
    image, labels = crop(0)
    np.savez(tmp_path / REHEARSAL_FILE, learned_image_0=image[..., 0], learned_labels_0=labels)
    [(again, _)] = read_rehearsal(tmp_path).learned
    np.testing.assert_array_equal(again, image)


@pytest.mark.parametrize("damage", ["cut", "text", "object", "sizes"])
def test_a_damaged_file_is_refused_and_never_unpickled(tmp_path, damage):
    path = save_rehearsal(Rehearsal([crop(0)], []), tmp_path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-30])
    elif damage == "text":
        path.write_text("no zip")
    elif damage == "object":
        np.savez(path, learned_image_0=np.array([{}], dtype=object), learned_labels_0=np.zeros((1, 1)))
    else:
        np.savez(path, learned_image_0=np.zeros((3, 3)), learned_labels_0=np.zeros((3, 4)))
    with pytest.raises(ModelError, match=REHEARSAL_FILE):
        read_rehearsal(tmp_path)


@pytest.mark.parametrize("folder", bundled_models(), ids=lambda folder: folder.name)
def test_bundled_models_carry_crops_that_fit_them(folder):
    rehearsal, card = read_rehearsal(folder), read_card(folder)
    assert (len(rehearsal.learned), len(rehearsal.judged)) == (40, 12)
    assert (folder / REHEARSAL_FILE).stat().st_size < 1_500_000
    areas = np.concatenate([np.bincount(labels.ravel())[1:] for _, labels in rehearsal.learned])
    assert 0.5 < np.sqrt(4 * np.median(areas[areas > 0]) / np.pi) / card.diameter < 2
