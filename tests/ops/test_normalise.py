"""Grey values of any range to a common one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskloop.ops.normalise import normalise

REAL = [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.int64, np.float16, np.float32, np.float64]


def plane(seed, shape=(40, 50, 1), top=256):
    return np.random.default_rng(seed).integers(0, top, shape)


@given(st.integers(0, 99), st.integers(1, 100), st.integers(-40_000, 40_000))
def test_offset_and_scale_change_nothing(seed, scale, offset):
    image = plane(seed)
    np.testing.assert_allclose(normalise(image * scale + offset), normalise(image), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_an_offset_of_32768_changes_nothing(dtype):
    image = plane(0)
    np.testing.assert_allclose(normalise((image + 32768).astype(dtype)), normalise(image), atol=1e-4)


@pytest.mark.parametrize("dtype", REAL)
def test_every_real_type_gives_the_same(dtype):
    image = plane(1, top=128)
    result = normalise(image.astype(dtype))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, normalise(image), atol=1e-5)


def test_signed_bytes_do_not_overflow():
    # One dark pixel of a hundred: the lower percentile lies between -128 and 127, 255 apart.
    image = np.full((10, 10, 1), 127, np.int8)
    image[0, 0], image[5:] = -128, 126
    np.testing.assert_allclose(normalise(image), normalise(image.astype(float)), atol=1e-5)


@given(st.integers(0, 99), st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(1, 1999))
def test_pixels_that_are_not_finite_take_no_part_and_become_0(seed, bad, count):
    image = plane(seed).astype(np.float32)
    spoilt = image.copy()
    spoilt.ravel()[np.random.default_rng(seed).permutation(image.size)[:count]] = bad
    finite = np.isfinite(spoilt)
    result = normalise(spoilt)
    assert (result[~finite] == 0).all()
    np.testing.assert_allclose(result[finite], normalise(image[finite].reshape(-1, 1, 1)).ravel(), atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_image_without_a_finite_pixel_is_all_0(bad):
    assert (normalise(np.full((4, 5, 1), bad)) == 0).all()


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("value", [0, 7])
def test_a_constant_image_is_all_0(dtype, value):
    assert (normalise(np.full((9, 9, 2), value, dtype)) == 0).all()


@given(st.integers(0, 99))
def test_brighter_stays_brighter_and_hot_pixels_are_limited(seed):
    image = plane(seed)
    image[3, 4] = 10**9
    order = np.argsort(image.ravel())
    result = normalise(image).ravel()[order]
    assert (np.diff(result) >= 0).all()
    assert result.min() >= -1
    assert result.max() == 5


def test_the_percentiles_become_0_and_1():
    image = np.arange(1001.0).reshape(7, 143, 1)
    result = normalise(image, 10, 90)
    np.testing.assert_allclose(result[image == 100], 0, atol=1e-6)
    np.testing.assert_allclose(result[image == 900], 1, atol=1e-6)


def test_a_few_bright_pixels_on_nothing_are_seen():
    image = np.zeros((100, 100, 1), np.uint16)
    image[5, 5] = 40
    assert normalise(image)[5, 5] == 1


def test_each_channel_is_normalised_by_itself():
    image = np.concatenate([plane(2), plane(3) * 100 + 5, np.full((40, 50, 1), 9)], axis=-1)
    alone = [normalise(image[..., c : c + 1]) for c in range(3)]
    np.testing.assert_array_equal(normalise(image), np.concatenate(alone, axis=-1))
