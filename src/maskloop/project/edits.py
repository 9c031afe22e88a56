"""The edits made since a revision: appended one after the other, each whole or not there at all.

A frame is a magic word, a length, a CRC-32 and a compressed payload. It holds the new pixels of all blocks that one
edit changed, so that reading goes on behind a frame that is damaged or was cut off by a crash.
"""

import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MAGIC = b"\xabmaskloop edit\n"
HEADER = struct.Struct("<QI")  # length of the payload, its CRC-32
DTYPES: dict[str, np.dtype] = {"labels": np.dtype("<i4"), "reviewed": np.dtype("u1")}


@dataclass(frozen=True)
class Block:
    """New pixels.

    Attributes
    ----------
    array : str
        ``"labels"`` or ``"reviewed"``.
    start : tuple of int
        Where the block begins.
    pixels : ndarray
        As many axes as `start`.
    """

    array: str
    start: tuple[int, ...]
    pixels: np.ndarray

    @property
    def box(self) -> tuple[slice, ...]:
        """Where the block lies."""
        return tuple(slice(s, s + n) for s, n in zip(self.start, self.pixels.shape, strict=True))


def append_edit(path: Path, blocks: Sequence[Block]) -> None:
    """Append one edit to a file, and return when it is on the disk.

    Raises
    ------
    OSError
        If it could not be written; what was written of it is taken back.
    """
    frame = memoryview(_pack(blocks))
    with path.open("ab", buffering=0) as file:  # a buffer would be written once more when the file is closed
        start = file.seek(0, os.SEEK_END)
        try:
            while frame:
                frame = frame[file.write(frame) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(start)
            raise


def read_edits(path: Path) -> Iterator[list[Block]]:
    """Yield the edits of a file in their order; none where there is no file, and what is damaged is passed over."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    position = content.find(MAGIC)
    while position >= 0:
        start = position + len(MAGIC)
        blocks = _unpack(content, start)
        if blocks is None:
            position = content.find(MAGIC, start)
            continue
        yield blocks
        length, _ = HEADER.unpack_from(content, start)
        position = content.find(MAGIC, start + HEADER.size + length)


def _pack(blocks: Sequence[Block]) -> bytes:
    description = [{"array": b.array, "start": b.start, "shape": b.pixels.shape} for b in blocks]
    pixels = [b.pixels.astype(DTYPES[b.array], copy=False).tobytes() for b in blocks]
    payload = zlib.compress(b"".join([json.dumps(description).encode(), b"\n", *pixels]), 1)
    return MAGIC + HEADER.pack(len(payload), zlib.crc32(payload)) + payload


def _unpack(content: bytes, start: int) -> list[Block] | None:
    if start + HEADER.size > len(content):
        return None
    length, checksum = HEADER.unpack_from(content, start)
    payload = memoryview(content)[start + HEADER.size : start + HEADER.size + length]
    if len(payload) < length or zlib.crc32(payload) != checksum:
        return None
    description, _, pixels = zlib.decompress(payload).partition(b"\n")
    blocks, offset = [], 0
    for part in json.loads(description):
        dtype, count = DTYPES[part["array"]], int(np.prod(part["shape"]))
        values = np.frombuffer(pixels, dtype, count, offset).reshape(part["shape"])
        blocks.append(Block(part["array"], tuple(part["start"]), values))
        offset += count * dtype.itemsize
    return blocks
