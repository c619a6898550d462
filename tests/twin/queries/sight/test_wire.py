"""Frames between a worker and the holder: also in a worker that has more than a thousand connections."""

import fcntl
import os
import resource
import socket
from collections.abc import Iterator

import pytest

from twin.queries.sight.holder.wire import has_left, is_readable

BEYOND_SELECT = 1_100
"""`select` knows files up to 1,023."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends, the first of which is a file of a high number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ours, theirs = socket.socketpair()
    high = socket.socket(fileno=fcntl.fcntl(ours.fileno(), fcntl.F_DUPFD_CLOEXEC, BEYOND_SELECT))
    ours.close()
    assert high.fileno() >= BEYOND_SELECT and os.fstat(high.fileno())
    yield high, theirs
    high.close()
    theirs.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_came_and_who_left_is_seen_whatever_the_number_of_the_file(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    assert not is_readable(ours, 0.01) and not has_left(ours)
    theirs.sendall(b"x")
    assert is_readable(ours, 5.0) and ours.recv(1) == b"x"
    theirs.close()
    assert has_left(ours)
