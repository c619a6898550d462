"""A disk that is full, for this process alone."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["files_at_most"]


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: what writes more is told that the file is too large."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
