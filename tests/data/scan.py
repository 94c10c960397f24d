#!/usr/bin/env python3
"""Draws evidence/scan.png, an x-ray-like side view of a container; with the standard library alone.

The first row of pallets is dense (tiles), the rest is light and even (cartons).
"""

import pathlib
import random
import struct
import zlib

WIDTH, HEIGHT = 480, 160
FLOOR, ROOF, FRONT, BACK = 128, 24, 30, 450


def main():
    rng = random.Random(690721)
    rows = [[shade(x, y, rng) for x in range(WIDTH)] for y in range(HEIGHT)]
    target = pathlib.Path(__file__).resolve().parent / "evidence" / "scan.png"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(png(rows))


def shade(x, y, rng):
    """Light where the rays pass, dark where much stands in their way."""
    level = 236
    inside = FRONT < x < BACK and ROOF < y < FLOOR
    if inside:
        level = 205
        if y > ROOF + 14:
            level = cargo(x - FRONT, y)
    elif FRONT - 4 <= x <= BACK + 4 and ROOF - 4 <= y <= FLOOR + 4:
        level = 96
    elif FLOOR + 4 < y < FLOOR + 14 and (x // 60) % 2 == 0:
        level = 70
    return max(0, min(255, level + rng.randint(-7, 7)))


def cargo(x, y):
    if x < 46:
        return 38 if y % 9 else 60
    if x > 408:
        return 205
    edge = x % 22 in (0, 1) or y % 15 == 0
    return 120 if edge else 158


def png(rows):
    raw = b"".join(b"\0" + bytes(row) for row in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + chunk(b"IEND", b"")
    )


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    main()
