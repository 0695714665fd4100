"""How files are kept: in deflated pieces that make one gzip stream in a row, and unpack by themselves one by one.

Each piece is deflated anew and ends with an empty block on a byte boundary (RFC 1951, 3.2.4), so pieces follow one
another like blocks of one stream: packed answers are sent as they are kept, between a header and a trailer (RFC 1952).
"""

from __future__ import annotations

import struct
import zlib

RAW = -15
LEVEL = 6
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LAST_BLOCK = b"\x03\x00"
"""An empty one, with the final bit."""


def pack(piece: bytes) -> bytes:
    packer = zlib.compressobj(LEVEL, wbits=RAW)
    return packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)


def unpack(packed: bytes) -> bytes:
    return zlib.decompressobj(RAW).decompress(packed)


def checksum(piece: bytes, before: int = 0) -> int:
    """Of all pieces so far."""
    return zlib.crc32(piece, before)


def trailer(crc: int, size: int) -> bytes:
    return LAST_BLOCK + struct.pack("<II", crc, size & 0xFFFFFFFF)
