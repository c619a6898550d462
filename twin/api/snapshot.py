"""/snapshot: what is live on a site as one HTML file that needs no server afterwards."""

from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.live import live_of, permitted_of
from twin.api.router import Router
from twin.auth import Action, Principal, Protected, authorise, permitted_labels
from twin.queries.place.frames import require_one
from twin.queries.snapshot import Drawn, Held, hold, page_of, policy_of, told_of

__all__ = ["router"]

router = Router(tags=["live"], responses=NOT_FOUND)
Watcher = Annotated[Principal, allowed(Action.READ_LIVE)]
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}}}


@router.get("/snapshot", summary=bilingual("态势快照", "a snapshot of what is live"), responses=FILE, response_class=Response)
async def read_snapshot(
    request: Request,
    principal: Watcher,
    site: Annotated[
        str | None, Query(max_length=100, description=bilingual("大院;只有一个时可省", "site; may stay out where there is one"))
    ] = None,
    storey: Annotated[
        list[str] | None,
        Query(
            max_length=12, description=bilingual("另画这些楼层,至多 12 层", "storeys to draw beside those with open incidents, at most 12")
        ),
    ] = None,
) -> Response:
    """一个 HTML 文件:未结事件、平面、出入口、静默设备、位置;存盘后不需服务即可打开。One HTML file: open incidents, map, plans, gates,
    silent devices, positions; saved, it opens without a server."""
    live = live_of(request)
    held = hold(live.replica.state, await permitted_of(live, principal))
    return await run_in_threadpool(_page, request, principal, site, storey or [], held, live.now_us())


def _page(request: Request, principal: Principal, site: str | None, storeys: list[str], held: Held, now_us: int) -> Response:
    state = request.app.state
    code = require_one(state.scenes.codes(principal.scopes), site)
    authorise(principal, Action.READ_LIVE, Protected(site=code, path=request.url.path))
    labels, drawn = permitted_labels(principal), state.drawn
    places, standing = state.standing.of(code)
    knows = state.knowing.of(principal)
    facts = told_of(state.store, places.frame.site, state.incidents, knows, labels, held, standing, now_us=now_us)
    assert isinstance(drawn, Drawn)
    html = page_of(facts, places, labels, drawn, state.retention, storeys=storeys)
    policy = f"{policy_of(facts)}; frame-ancestors 'none'"
    return Response(html, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})
