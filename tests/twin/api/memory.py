"""A bound on what this process takes, so that an answer without bounds is a failure with a name and not the end of the machine."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Grown", "bounded"]


class Grown:
    """How many bytes of memory this process holds more than when it was made."""

    def __init__(self) -> None:
        self.at_first = _bytes_of("VmRSS")

    @property
    def more_bytes(self) -> int:
        return _bytes_of("VmRSS") - self.at_first


@contextmanager
def bounded(more_bytes: int) -> Iterator[Grown]:
    """So long the kernel gives this process at most so many bytes more, reserved or used: what asks for more meets MemoryError at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _bytes_of("VmData") + more_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield Grown()
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _bytes_of(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) * 1024
