"""Tiles: planned, cut and stitched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from maskloop.ops.tiling import pad_to_multiple, plan_tiles, stitch

SHAPES = st.tuples(st.integers(1, 150), st.integers(1, 150))
SIZES = st.integers(1, 64)
HALOS = st.integers(0, 40)


@given(SHAPES, SIZES, HALOS)
def test_every_pixel_is_covered_exactly_once(shape, size, halo):
    covered = np.zeros(shape, int)
    for tile in plan_tiles(shape, size, halo):
        covered[tile.core] += 1
    assert (covered == 1).all()


@given(SHAPES, SIZES, HALOS)
def test_each_read_area_holds_the_halo_or_reaches_the_edge(shape, size, halo):
    for tile in plan_tiles(shape, size, halo):
        for core, read, length in zip(tile.core, tile.read, shape, strict=True):
            assert read.start == max(core.start - halo, 0)
            assert read.stop == min(core.stop + halo, length)
            assert core.stop - core.start <= size + halo


@given(SHAPES, SIZES, HALOS)
def test_stitching_what_was_cut_gives_the_plane_back(shape, size, halo):
    plane = np.arange(2.0 * shape[0] * shape[1], dtype=np.float32).reshape(*shape, 2)
    tiles = plan_tiles(shape, size, halo)
    maps = np.full_like(plane, -1)
    assert list(stitch(plane, tiles, lambda cut: cut, maps)) == list(range(1, len(tiles) + 1))
    np.testing.assert_array_equal(maps, plane)


@given(SHAPES, SIZES, st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_a_filter_no_wider_than_the_halo_sees_no_seams(shape, size, halo, seed):
    plane = np.random.default_rng(seed).random((*shape, 1), np.float32)

    def brightest(cut):
        return ndimage.maximum_filter(cut, (2 * halo + 1, 2 * halo + 1, 1), mode="nearest")

    maps = np.full_like(plane, -1)
    list(stitch(plane, plan_tiles(shape, size, halo), brightest, maps))
    np.testing.assert_array_equal(maps, brightest(plane))


def test_a_plane_little_longer_than_a_tile_stays_whole():
    assert len(plan_tiles((80, 80), 64, 16)) == 1
    assert len(plan_tiles((81, 80), 64, 16)) == 2


@given(st.tuples(st.integers(1, 70), st.integers(1, 70)), st.sampled_from([1, 2, 16, 32]))
def test_padding_is_the_shortest_that_gives_multiples_and_mirrors_the_edge(shape, multiple):
    plane = np.arange(float(shape[0] * shape[1])).reshape(*shape, 1)
    padded = pad_to_multiple(plane, multiple)
    for given_side, side in zip(shape, padded.shape[:2], strict=True):
        assert side % multiple == 0
        assert 0 <= side - given_side < multiple
    np.testing.assert_array_equal(padded[: shape[0], : shape[1]], plane)
    for beyond in range(min(padded.shape[0] - shape[0], shape[0])):
        np.testing.assert_array_equal(padded[shape[0] + beyond, : shape[1]], plane[-1 - beyond])
    for beyond in range(min(padded.shape[1] - shape[1], shape[1])):
        np.testing.assert_array_equal(padded[: shape[0], shape[1] + beyond], plane[:, -1 - beyond])


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000)])
def test_strange_shapes_are_padded_and_tiled(shape):
    padded = pad_to_multiple(np.ones((*shape, 1)), 16)
    maps = np.zeros_like(padded)
    list(stitch(padded, plan_tiles(padded.shape[:2], 512, 64), lambda cut: cut, maps))
    assert maps.shape[:2] == (16, -(-shape[1] // 16) * 16)
    assert (maps == 1).all()
