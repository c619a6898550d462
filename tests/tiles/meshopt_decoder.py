"""A decoder of EXT_meshopt_compression after its text (vertex codec 0, index codecs 0 and 1, no filters), in Python and numpy.

The product encodes with a wheel around the C++ library; decoding with the same wheel would not notice a bitstream that
only that library reads. Nothing of it is used here.
"""

import numpy as np

GROUP, FIFO, TAIL_BYTES = 16, 16, 32


def decode(data: bytes, count: int, stride: int, mode: str) -> bytes:
    """The plain bytes of a compressed view: `count` rows of `stride` bytes, or `count` indices of that size."""
    if mode == "ATTRIBUTES":
        return decode_attributes(data, count, stride)
    assert mode == "TRIANGLES", mode
    return np.array(decode_triangles(data, count), dtype={2: "<u2", 4: "<u4"}[stride]).tobytes()


def decode_attributes(data: bytes, count: int, stride: int) -> bytes:
    """Mode 0: blocks of rows, each byte of a row delta- and zigzag-coded against the row before, in groups of 16."""
    assert data[0] == 0xA0
    source = np.frombuffer(data, np.uint8)
    block_rows = min(8192 // stride // GROUP * GROUP, 256)
    before = source[len(source) - stride :].copy()
    rows = np.empty((count, stride), np.uint8)
    at = 1
    for start in range(0, count, block_rows):
        size = min(block_rows, count - start)
        groups = -(-size // GROUP)
        deltas = np.empty((stride, groups * GROUP), np.uint8)
        for byte in range(stride):
            header, at = data[at : at + -(-groups // 4)], at + -(-groups // 4)
            for group in range(groups):
                width = header[group // 4] >> group % 4 * 2 & 3
                deltas[byte, group * GROUP : group * GROUP + GROUP], at = _group(source, at, width)
        signed = (deltas >> 1) ^ -(deltas & 1)
        rows[start : start + size] = (before + np.cumsum(signed, axis=1, dtype=np.uint8).T)[:size]
        before = rows[start + size - 1]
    assert at + max(stride, TAIL_BYTES) == len(data)
    return rows.tobytes()


def _group(source: np.ndarray, at: int, width: int) -> tuple[np.ndarray | int, int]:
    if width == 0:
        return 0, at
    if width == 3:
        return source[at : at + GROUP], at + GROUP
    bits = 2 * width
    packed = source[at : at + 2 * bits]
    shifts = np.arange(8 - bits, -1, -bits)
    values = (packed[:, None] >> shifts & (1 << bits) - 1).reshape(GROUP).astype(np.uint8)
    escaped = np.flatnonzero(values == (1 << bits) - 1)
    at += 2 * bits
    values[escaped] = source[at : at + len(escaped)]
    return values, at + len(escaped)


class _Bytes:
    """A run of bytes read as LEB128 numbers."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def index(self, last: int) -> int:
        value = shift = 0
        while True:
            one = self.byte()
            value |= (one & 127) << shift
            shift += 7
            if one < 128:
                return (last + ((value >> 1) ^ -(value & 1))) & 0xFFFFFFFF


def decode_triangles(data: bytes, count: int) -> list[int]:
    """Mode 1: one code a triangle, which names an edge and a vertex seen lately, the next new vertex, or an index."""
    assert data[0] in (0xE0, 0xE1)
    recent_limit = 13 if data[0] == 0xE1 else 15
    triangles = count // 3
    auxiliary = data[-16:]
    extra = _Bytes(data, 1 + triangles)
    edges, vertices = [(0, 0)] * FIFO, [0] * FIFO
    edge_end = vertex_end = fresh = last = 0
    result: list[int] = []
    for code in data[1 : 1 + triangles]:
        if code < 0xF0:
            a, b = edges[edge_end - 1 - (code >> 4) & 15]
            how = code & 15
            new = True
            if how == 0:
                c, fresh = fresh, fresh + 1
            elif how < recent_limit:
                c, new = vertices[vertex_end - 1 - how & 15], False
            else:
                c = last = extra.index(last) if how == 15 else last + (1 if how == 14 else -1)
            pushed = ((c, new),)
            turned: tuple[tuple[int, int], ...] = ((c, b), (a, c))
        else:
            codes = auxiliary[code & 15] if code < 0xFE else extra.byte()
            if code >= 0xFE and codes == 0:
                fresh = 0
            found = []
            for how in (0 if code < 0xFF else 15, codes >> 4, codes & 15):
                if how == 0:
                    found.append((fresh, True))
                    fresh += 1
                elif how == 15 and code >= 0xFE:
                    found.append((-1, True))
                else:
                    found.append((vertices[vertex_end - how & 15], False))
            for i, (vertex, _) in enumerate(found):
                if vertex == -1:
                    last = extra.index(last)
                    found[i] = last, True
            (a, _), (b, _), (c, _) = found
            pushed = tuple(found)
            turned = ((b, a), (c, b), (a, c))
        result += (a, b, c)
        for vertex, new in pushed:
            vertices[vertex_end] = vertex
            vertex_end = vertex_end + new & 15
        for edge in turned:
            edges[edge_end] = edge
            edge_end = edge_end + 1 & 15
    assert extra.at + 16 == len(data)
    return result
