"""A route of this service: its body is read by the rules of `body`, its parameters are known by name."""

from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from twin.api.body import read_document
from twin.api.parameters import QueryNames
from twin.api.templates import templates_of

__all__ = ["Route"]


class Route(APIRoute):
    """A route whose body, where it declares one, is read and judged before anything else looks at it."""

    @cached_property
    def query_names(self) -> QueryNames:
        """The query parameters that it declares."""
        return QueryNames.of(self)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, for a method that the address has, given the document that was read here."""
        handle = super().get_route_handler()
        has_document = self.body_field is not None

        async def handle_checked(request: Request) -> Response:
            templates_of(request.app).require_method(request, self)
            return await handle(await read_document(request) if has_document else request)

        return handle_checked
