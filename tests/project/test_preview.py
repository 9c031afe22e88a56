"""The small picture of a training, on the disk."""

import numpy as np
import pytest

from maskloop.errors import ProjectError
from maskloop.project.preview import Preview


@pytest.fixture
def preview(discs):
    image = np.random.default_rng(0).random((40, 50, 1), np.float32)
    truth = discs((40, 50), [(10, 10), (30, 30)], 6)
    return Preview(image, truth, np.zeros_like(truth), np.where(truth == 2, 7, 0).astype(np.int32))


def test_it_is_read_as_it_was_written(preview, tmp_path):
    preview.save(tmp_path / "preview.npz")
    read = Preview.load(tmp_path / "preview.npz")
    for name in ("image", "truth", "before", "after"):
        wanted, given = getattr(preview, name), getattr(read, name)
        assert given.dtype == wanted.dtype
        np.testing.assert_array_equal(given, wanted)


def test_a_later_one_takes_its_place(preview, tmp_path):
    preview.save(tmp_path / "preview.npz")
    Preview(preview.image, preview.truth, preview.after, preview.truth).save(tmp_path / "preview.npz")
    np.testing.assert_array_equal(Preview.load(tmp_path / "preview.npz").after, preview.truth)
    assert [file.name for file in tmp_path.iterdir()] == ["preview.npz"]


def test_a_missing_or_damaged_file_is_named(preview, tmp_path):
    path = tmp_path / "preview.npz"
    with pytest.raises(ProjectError, match=r"preview\.npz cannot be read"):
        Preview.load(path)
    preview.save(path)
    whole = path.read_bytes()
    for damaged in (b"", b"no zip", whole[: len(whole) // 2], whole[:100] + bytes(100) + whole[200:]):
        path.write_bytes(damaged)
        with pytest.raises(ProjectError, match=r"preview\.npz cannot be read"):
            Preview.load(path)


def test_a_file_with_too_little_in_it_or_with_objects_of_python_is_refused(preview, tmp_path):
    path = tmp_path / "preview.npz"
    np.savez(path, image=preview.image, truth=preview.truth)
    with pytest.raises(ProjectError, match="before"):
        Preview.load(path)
    np.savez(path, image=np.array([print]), truth=preview.truth, before=preview.before, after=preview.after)
    with pytest.raises(ProjectError, match="pickle"):
        Preview.load(path)
