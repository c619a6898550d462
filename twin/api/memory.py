"""What the process has freed and the C library still holds."""

import ctypes

__all__ = ["give_back_memory"]


def give_back_memory() -> None:
    """Ask the C library for it (glibc's `malloc_trim`); nothing with another one."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
