"""Why a command declines, as the four facts of the contract: code, message, path, hint."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Protocol, TypeGuard, runtime_checkable

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["Facts", "find_refusal"]

Facts = dict[str, str]
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@runtime_checkable
class _Declined(Protocol):
    """An error of one of our packages: each has a code and a hint, some a path."""

    code: str
    hint: str


def find_refusal(error: BaseException) -> Facts | None:
    """What to tell a person of an error that is no fault of the program; None where it is one."""
    if isinstance(error, _Declined):
        return _facts(error.code, str(error), str(getattr(error, "path", "")), error.hint)
    if _is_of_settings(error):
        return _setting(error)
    if isinstance(error, OSError):
        return _system(error)
    return None


def _is_of_settings(error: BaseException) -> TypeGuard[ValidationError]:
    from pydantic import ValidationError

    return isinstance(error, ValidationError)


def _facts(code: str, message: str, path: str, hint: str) -> Facts:
    return {"code": code, "message": message, "path": path, "hint": hint}


def _setting(error: ValidationError) -> Facts:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    name = f"TWIN_{'_'.join(map(str, first['loc'])).upper()}"
    return _facts("SETTING_INVALID", f"{name}: {first['msg']}", name, "docs/settings.md lists the settings")


def _system(error: OSError) -> Facts:
    path = str(error.filename or "")
    what = f"{error.strerror or error}{f': {path}' if path else ''}"
    if error.errno in FULL:
        return _facts("DISK_FULL", what, path, "free some space, then run the same command again: it goes on where it stopped")
    if error.errno in FORBIDDEN:
        return _facts("NOT_WRITABLE", what, path, "the folder of TWIN_HOME must be writable by this user, the files readable")
    return _facts("FILE_ERROR", what, path, "check the path, the disk and TWIN_HOME")
