"""A group of routes that is passed by at once where no path of it begins as that of the request."""

from functools import cached_property
from typing import Any

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope

from twin.api.route import Route

__all__ = ["Router"]


class Router(APIRouter):
    """Routes whose first segments are known: there are hundreds, and each that is tried costs a request a regular expression."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"route_class": Route, **options})

    @cached_property
    def first_segments(self) -> frozenset[str]:
        """The first segments of its paths; `{` among them where one begins with a parameter."""
        return frozenset("{" if "{" in first else first for first in (_first_segment(route.path) for route in self.routes))  # type: ignore[attr-defined]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """None of its routes, without trying them, where the first segment is none of theirs."""
        known = self.first_segments
        if "{" not in known and not scope.get("root_path") and _first_segment(scope["path"]) not in known:
            return Match.NONE, {}
        return super().matches(scope)


def _first_segment(path: str) -> str:
    return path[1:].partition("/")[0]
