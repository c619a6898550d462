"""The parameters of an address: those that the route declares, once each, in texts that both databases can keep."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from fastapi import Request
from fastapi.routing import APIRoute

from twin.errors import Invalid, NotFound

__all__ = ["QueryNames", "find_parameter", "require_known_parameters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryNames:
    """The query parameters of a route, those of them that may be repeated, and whether it takes any other name."""

    known: frozenset[str]
    several: frozenset[str]
    free: bool

    @classmethod
    def of(cls, route: APIRoute) -> Self:
        """What its function, its dependencies and its `openapi_extra` declare."""
        fields = list(_query_fields(route.dependant))
        extra = [one for one in (route.openapi_extra or {}).get("parameters", ()) if one["in"] == "query"]
        several = {field.alias for field in fields if "list[" in str(field.field_info.annotation)}
        return cls(
            known=frozenset([*(field.alias for field in fields), *(one["name"] for one in extra)]),
            several=frozenset([*several, *(one["name"] for one in extra if one["schema"].get("type") == "array")]),
            free=any(one["schema"].get("type") == "object" for one in extra),
        )


def require_known_parameters(request: Request, names: QueryNames) -> None:
    """Raise Invalid (`PARAMETER_INVALID`) for a parameter that the route does not declare, one given twice, or one with a NUL.

    NotFound for a path with a NUL: nothing has such a name. A route with parameters of any name (`{"x": …}` of
    `openapi_extra`, in: query, of the type object) checks names by itself.
    """
    if "\0" in request.scope["path"]:
        raise NotFound("no name has a NUL character", path="path")
    if not request.scope["query_string"]:
        return
    seen: set[str] = set()
    for name, value in request.query_params.multi_items():
        if not names.free and name not in names.known:
            hint = f"one of: {', '.join(sorted(names.known))}" if names.known else "it takes none"
            raise Invalid(f"{name} is no parameter here", path=name, code="PARAMETER_INVALID", hint=hint)
        if name in seen and name not in names.several:
            raise Invalid(f"{name} is given twice", path=name, code="PARAMETER_INVALID")
        if "\0" in name or "\0" in value:
            raise Invalid(f"{name!r} has a NUL character", path="query", code="PARAMETER_INVALID")
        seen.add(name)


def find_parameter(request: Request, path: str) -> str:
    """The parameter of the request that an error with this path is about; empty where nothing tells.

    It is the one of that name (`filter 1:13`, `filter.args[0]` are places in `filter`), else the only one that was given this value.
    """
    names: QueryNames | None = getattr(request.scope.get("route"), "query_names", None)
    first = path.partition(" ")[0].partition(".")[0]
    if first in request.query_params or (names is not None and first in names.known):
        return first
    given = {name for name, value in [*request.query_params.multi_items(), *request.path_params.items()] if str(value) == path}
    return given.pop() if len(given) == 1 else ""


def _query_fields(dependant: Any) -> Iterator[Any]:
    """Of a function and of all that it depends on."""
    yield from dependant.query_params
    for below in dependant.dependencies:
        yield from _query_fields(below)
