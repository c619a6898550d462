"""Which methods an address has: those of the first template that it fits, as routing tries them, and no others."""

from collections.abc import Iterable, Iterator
from functools import cache
from http import HTTPStatus
from re import Pattern
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

__all__ = ["Templates", "leaf_routes", "templates_of"]


class Templates:
    """The templates of an application in the order of its routes, each with all its methods."""

    def __init__(self, routes: Iterable[Any]) -> None:
        self._methods: dict[str, set[str]] = {}
        self._patterns: dict[str, Pattern[str]] = {}
        for route in leaf_routes(routes):
            self._methods.setdefault(route.path, set()).update(route.methods or ())
            self._patterns.setdefault(route.path, route.path_regex)
        self._rivals = cache(self._find_rivals)

    def methods_of(self, path: str) -> list[str]:
        """The methods of an address, HEAD with GET; none where nothing is there."""
        found = next((methods for template, methods in self._methods.items() if self._patterns[template].match(path)), set())
        return sorted(found | ({"HEAD"} if "GET" in found else set()))

    def require_method(self, request: Request, route: APIRoute) -> None:
        """Raise 405 where an earlier template takes the address but not the method, as `/assets/totals` before `/assets/{key}`.

        Only templates without the method are tried, so that most requests cost nothing here.
        """
        path = request.scope["path"]
        if any(rival.match(path) for rival in self._rivals(route.path, request.method)):
            raise self.refusal(path)

    def refusal(self, path: str) -> HTTPException:
        """405 with the methods that the address has (RFC 9110 §15.5.6)."""
        phrase = HTTPStatus.METHOD_NOT_ALLOWED.phrase
        return HTTPException(405, phrase, headers={"Allow": ", ".join(self.methods_of(path))})

    def _find_rivals(self, template: str, method: str) -> tuple[Pattern[str], ...]:
        """Of templates before this one that have not the method, and that some address of both may fit."""
        names = list(self._methods)
        before = names[: names.index(template)]
        first = _first_segment(template)
        return tuple(
            self._patterns[name]
            for name in before
            if method not in self._methods[name] and (_first_segment(name) == first or first.startswith("{"))
        )


def templates_of(app: Any) -> Templates:
    """Those of an application, worked out at its first request."""
    found: Templates | None = getattr(app.state, "templates", None)
    if found is None:
        found = app.state.templates = Templates(app.routes)
    return found


def leaf_routes(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """The routes of an application and of the groups within it, in the order in which they are tried."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from leaf_routes(getattr(getattr(route, "original_router", route), "routes", ()))


def _first_segment(template: str) -> str:
    return template[1:].partition("/")[0]
