"""The gate: who asks, and whether they may. Every route carries one; a test fails for a route that does not."""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, Request, WebSocket, WebSocketException
from starlette.concurrency import run_in_threadpool

from twin.api.keyring import Keyring
from twin.api.origin import require_own_origin
from twin.api.parameters import require_known_parameters
from twin.auth import Action, Principal, Protected, authorise
from twin.errors import TwinError

__all__ = ["PrincipalOf", "allowed", "allowed_socket", "principal_of_socket"]

PrincipalOf = Callable[[Request], Principal]


class Gate:
    """A dependency that gives the principal where the action is permitted.

    Raises Forbidden where it is not, or where a page of another site asks for a change; Unauthenticated for nobody;
    then Invalid for parameters that the route does not have.
    """

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, request: Request) -> Principal:
        """Who asks; only where the keyring must ask the store does it take a thread."""
        require_own_origin(request, proof=False)
        state = request.app.state
        asked: PrincipalOf = state.principal_of
        keyring: Keyring | None = state.keyring
        principal = asked(request) if keyring is None else keyring.known_of(request)
        if principal is None:
            principal = await run_in_threadpool(asked, request)
        route = request.scope["route"]
        site = request.path_params.get("code")
        authorise(principal, self.action, Protected(site=site, path=request.url.path) if site else None)
        if route.include_in_schema:  # files of the page are no operations: a browser may add what it likes
            require_known_parameters(request, route.query_names)
        return principal


def allowed(action: Action) -> Any:
    """`Depends` on the gate of an action."""
    return Depends(Gate(action))


class SocketGate:
    """The gate of a WebSocket: the handshake of a browser brings its cookies along from any page, so it is judged as a request that
    changes something. Who may not enter is refused before anything is accepted (HTTP 403)."""

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, websocket: WebSocket) -> Principal:
        """Who asks."""
        try:
            require_own_origin(_handshake(websocket), proof=False)
            principal = await principal_of_socket(websocket)
            authorise(principal, self.action, None)
        except TwinError as error:
            raise WebSocketException(code=1008, reason=error.code) from None
        return principal


def allowed_socket(action: Action) -> Any:
    """`Depends` on the gate of a WebSocket."""
    return Depends(SocketGate(action))


async def principal_of_socket(websocket: WebSocket) -> Principal:
    """Who a WebSocket stands for now, by what its handshake brought: a key may have been taken away since. Raises TwinError."""
    state, request = websocket.app.state, _handshake(websocket)
    asked: PrincipalOf = state.principal_of
    keyring: Keyring | None = state.keyring
    known = None if keyring is None else keyring.known_of(request)
    return known if known is not None else await run_in_threadpool(asked, request)


def _handshake(websocket: WebSocket) -> Request:
    return Request({**websocket.scope, "type": "http", "method": "POST"})
