"""Edits in their file: whole or not there, whatever happens to the file."""

import os
import subprocess
import sys

import numpy as np
import pytest

from maskloop.project.edits import Block, append_edit, read_edits


def edit(number):
    """An edit of a block of labels and one of reviewed pixels."""
    labels = np.full((3, 4), number, np.int32)
    return [Block("labels", (2 * number, 0), labels), Block("reviewed", (0, number), np.ones((1, 2), np.uint8))]


@pytest.fixture
def file(tmp_path):
    """A file of three edits, and where each ends."""
    path, ends = tmp_path / "edits.log", []
    for number in range(3):
        append_edit(path, edit(number))
        ends.append(path.stat().st_size)
    return path, ends


def numbers(path):
    """Read a file that holds edits made by `edit`; each must be whole."""
    found = []
    for blocks in read_edits(path):
        number = int(blocks[0].pixels[0, 0])
        for block, expected in zip(blocks, edit(number), strict=True):
            assert (block.array, block.start) == (expected.array, expected.start)
            np.testing.assert_array_equal(block.pixels, expected.pixels)
        found.append(number)
    return found


def test_edits_are_read_in_their_order(file):
    assert numbers(file[0]) == [0, 1, 2]


def test_there_are_no_edits_where_there_is_no_file(tmp_path):
    assert list(read_edits(tmp_path / "edits.log")) == []


def test_a_block_of_many_axes_and_large_numbers_comes_back(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 2**31 - 1, (1, 2, 256, 100), np.int32)
    append_edit(tmp_path / "edits.log", [Block("labels", (4, 0, 256, 512), pixels)])
    [[block]] = read_edits(tmp_path / "edits.log")
    np.testing.assert_array_equal(block.pixels, pixels)
    assert block.box == (slice(4, 5), slice(0, 2), slice(256, 512), slice(512, 612))


def test_a_file_cut_anywhere_keeps_all_whole_edits_and_takes_new_ones(file):
    path, ends = file
    content = path.read_bytes()
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        whole = list(range(sum(end <= cut for end in ends)))
        assert numbers(path) == whole
        append_edit(path, edit(7))
        assert numbers(path) == [*whole, 7]


def test_a_damaged_byte_loses_at_most_its_own_edit(file):
    path, ends = file
    content = path.read_bytes()
    for position in range(len(content)):
        hit = sum(end <= position for end in ends)
        for flipped in (content[position] ^ 0xFF, content[position] ^ 1):
            path.write_bytes(content[:position] + bytes([flipped]) + content[position + 1 :])
            assert numbers(path) in ([0, 1, 2], [n for n in range(3) if n != hit])


def test_a_damaged_sector_loses_at_most_the_edits_in_it(file):
    path, ends = file
    content = path.read_bytes()
    path.write_bytes(content[: ends[0] - 9] + bytes(20) + content[ends[0] + 11 :])
    assert numbers(path) == [2]


# In a process of its own, since pytest's report may go to a file that is longer already.
ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from maskloop.project.edits import Block, append_edit
path = Path(sys.argv[1])
noise = np.random.default_rng(0).integers(0, 2**31 - 1, (int(sys.argv[2]),) * 2, np.int32)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 500, resource.RLIM_INFINITY))
try:
    append_edit(path, [Block("labels", (0, 0), noise)])
except OSError:
    print(path.stat().st_size)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
append_edit(path, [Block("labels", (0, 0), noise)])
"""


@pytest.mark.skipif(os.name != "posix", reason="only Unix can limit the size of a file")
@pytest.mark.parametrize("side", [20, 256])  # less than a buffer of Python's, and more
def test_an_edit_that_finds_the_disk_full_leaves_nothing_and_can_be_appended_later(file, side):
    path, ends = file
    command = [sys.executable, "-c", ON_A_FULL_DISK, str(path), str(side)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout == f"{ends[-1]}\n"
    assert [blocks[0].pixels.shape for blocks in read_edits(path)] == [(3, 4)] * 3 + [(side, side)]
