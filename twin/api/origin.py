"""Whether a page of another site made the browser ask: the guard of every request that changes something."""

from urllib.parse import urlsplit

from starlette.requests import Request

from twin.errors import Forbidden

__all__ = ["SAFE_METHODS", "require_own_origin"]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITES = frozenset({"same-origin", "none"})


def require_own_origin(request: Request, *, proof: bool) -> None:
    """Raise Forbidden (`ORIGIN_FOREIGN`) for a request that changes something and comes from a page of another origin.

    `Origin` is compared with `Host`, `Sec-Fetch-Site` is believed. A program sends neither; `proof` (what the browser adds by
    itself, a cookie, is all that identifies the asker) demands one of them.
    """
    if request.method in SAFE_METHODS:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    own_origin = origin is None or _authority(origin) == request.headers.get("host", "").lower()
    own_site = site is None or site in OWN_SITES
    if own_origin and own_site and not (proof and origin is None and site is None):
        return
    raise Forbidden(
        f"{request.method} {request.url.path} came from a page of {origin or 'an unknown origin'}",
        code="ORIGIN_FOREIGN",
        path=request.url.path,
        hint="ask from this service's own page, or with Authorization: Bearer KEY",
    )


def _authority(origin: str) -> str:
    """Host and port of an origin; empty for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
