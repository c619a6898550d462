"""Errors of the roof, and the HTTP status of each.

TwinError
├── NotFound                 no such thing, or none for this reader
│   ├── SiteUnknown          no site under that code
│   └── KeyUnknown           no key under that name
├── Unauthenticated          no key, or one that is unknown, revoked or expired
├── TooManyFailures          too many wrong keys; wait
├── TooManyWatching          as many lines of one key are open as may be
├── Forbidden                the role or scope does not reach that far
├── Refused                  understood and declined; nothing changed
│   ├── ModelKeyTaken        the key belongs to another model of the site
│   ├── SiteTaken            the code belongs to a site with other facts
│   ├── KeyTaken             a key of that name is in use
│   ├── TooLarge             more bytes than are taken at once
│   ├── MediaUnsupported     a file of a type that is not taken
│   ├── LabelUnknown         a label that the site's policy does not name
│   └── Invalid              a name, key, cursor or policy of the wrong form
├── NotInstalled             what answers this is not installed here
├── NotReady                 what answers this is being made ready, or has too much to do
└── StoreUnavailable         the records cannot be reached or written now
    ├── StoreNewer           a newer version of the twin made the records
    └── StoreBusy            another writer held the records for longer than the lock timeout
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

__all__ = [
    "HTTP_STATUS",
    "Forbidden",
    "Invalid",
    "KeyTaken",
    "KeyUnknown",
    "LabelUnknown",
    "MediaUnsupported",
    "ModelKeyTaken",
    "NotFound",
    "NotInstalled",
    "NotReady",
    "Refused",
    "SiteTaken",
    "SiteUnknown",
    "StoreBusy",
    "StoreNewer",
    "StoreUnavailable",
    "TooLarge",
    "TooManyFailures",
    "TooManyWatching",
    "TwinError",
    "Unauthenticated",
    "error_of",
    "facts_of",
    "status_of",
]


class TwinError(Exception):
    """Anything the twin declines to do.

    `code` is UPPER_SNAKE, `message` says what and where, `path` names the thing (a file, an id, a setting) or is empty,
    `hint` says what to do about it. The four together are the `error` object of `--json` (contracts: command line).
    """

    code = "TWIN_ERROR"

    def __init__(self, message: str, *, path: str = "", hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint
        if code is not None:
            self.code = code

    def to_json(self) -> dict[str, str]:
        """The error as the command line prints it: `{code, message, path, hint}`."""
        return {"code": self.code, "message": self.message, "path": self.path, "hint": self.hint}


class NotFound(TwinError):
    """There is no such thing; said also of a thing whose label the reader may not know of."""

    code = "NOT_FOUND"


class SiteUnknown(NotFound):
    """No site has that code."""

    code = "SITE_UNKNOWN"


class KeyUnknown(NotFound):
    """No key has that name, or none that is still in use."""

    code = "KEY_UNKNOWN"


class Unauthenticated(TwinError):
    """Nobody knows who asks: no key, or one that is unknown, revoked or expired."""

    code = "UNAUTHENTICATED"


class TooManyFailures(TwinError):
    """So many wrong keys from one address, or under one prefix, that no more are looked at; `retry_s` says for how long."""

    code = "KEY_FAILURES_MANY"

    def __init__(self, message: str, *, retry_s: int) -> None:
        super().__init__(message, hint=f"try again in {retry_s} s")
        self.retry_s = retry_s


class TooManyWatching(TwinError):
    """So many watch with one key that no more are let in; `retry_s` says when to ask again."""

    code = "WATCHING_MANY"

    def __init__(self, message: str, *, retry_s: int) -> None:
        super().__init__(message, hint=f"close what is not looked at, or try again in {retry_s} s; TWIN_WATCHERS_PER_KEY")
        self.retry_s = retry_s


class NotInstalled(TwinError):
    """What answers this needs a library that is not installed; the hint says how to install it."""

    code = "SIGHT_LIBRARY_MISSING"


class NotReady(TwinError):
    """What answers this is being made ready, or has too much to do; `retry_s` says when to ask again."""

    code = "SIGHT_NOT_READY"

    def __init__(self, message: str, *, path: str = "", hint: str = "", code: str | None = None, retry_s: int = 2) -> None:
        super().__init__(message, path=path, hint=hint or f"try again in {retry_s} s", code=code)
        self.retry_s = retry_s


class Forbidden(TwinError):
    """The principal's role or scopes do not allow the action."""

    code = "FORBIDDEN"


class Refused(TwinError):
    """The request was understood and declined; nothing was changed (exit code 1)."""

    code = "REFUSED"


class ModelKeyTaken(Refused):
    """The key belongs to a model that shares too few ids with the file, or to one of another kind."""

    code = "MODEL_KEY_TAKEN"

    @classmethod
    def by_share(cls, model_key: str, share: float) -> Self:
        """The key's model shares only that part of its ids with the file."""
        return cls(
            f"the key {model_key!r} belongs to a model that shares {share:.0%} of its ids with this file",
            path=model_key,
            hint="give the new model a key of its own with --model KEY",
        )


class SiteTaken(Refused):
    """The code belongs to a site with other facts."""

    code = "SITE_TAKEN"


class KeyTaken(Refused):
    """A key of that name is in use."""

    code = "KEY_TAKEN"


class LabelUnknown(Refused):
    """A feature carries a label that the site's policy does not name."""

    code = "LABEL_UNKNOWN"


class TooLarge(Refused):
    """What was sent has more bytes than are taken at once."""

    code = "EVIDENCE_TOO_LARGE"


class MediaUnsupported(Refused):
    """What was sent is of a type that is not taken."""

    code = "EVIDENCE_TYPE_REFUSED"


class Invalid(Refused):
    """A value has the wrong form."""

    code = "INVALID"


class StoreUnavailable(TwinError):
    """The records cannot be opened, reached or written."""

    code = "STORE_UNAVAILABLE"


class StoreNewer(StoreUnavailable):
    """The records were made by a newer version of the twin."""

    code = "STORE_NEWER"


class StoreBusy(StoreUnavailable):
    """Another writer held the records for longer than the lock timeout; try again."""

    code = "STORE_BUSY"


HTTP_STATUS: Mapping[type[Exception], int] = MappingProxyType(
    {
        Unauthenticated: 401,
        TooManyFailures: 429,
        TooManyWatching: 429,
        NotFound: 404,
        Forbidden: 403,
        TooLarge: 413,
        MediaUnsupported: 415,
        Invalid: 422,
        Refused: 409,
        NotInstalled: 501,
        NotReady: 503,
        StoreUnavailable: 503,
        TwinError: 500,
    }
)


def status_of(error: Exception) -> int:
    """The status of the nearest class in `HTTP_STATUS`: 404 for SiteUnknown, 409 for ModelKeyTaken, 500 for what is not listed."""
    return next((HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS), 500)


def facts_of(error: TwinError) -> dict[str, Any]:
    """An error as JSON that another process makes the same error of (`error_of`)."""
    return {"class": type(error).__name__, **error.to_json(), "retry_s": getattr(error, "retry_s", None)}


def error_of(facts: Mapping[str, Any]) -> TwinError:
    """The error that another process told; TwinError of its code for a class that is not one of ours."""
    found = globals().get(facts["class"], TwinError)
    kind = found if isinstance(found, type) and issubclass(found, TwinError) else TwinError
    more = {"retry_s": facts["retry_s"]} if issubclass(kind, NotReady) else {}
    return kind(facts["message"], path=facts["path"], hint=facts["hint"], code=facts["code"], **more)
