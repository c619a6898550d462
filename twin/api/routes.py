"""/spatial/route, /spatial/guards, /spatial/evacuation, /spatial/unreached: ways through buildings and the compound."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request

from spatial.frame import SiteFrame
from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.route_documents import EvacuationDocument, GuardsDocument, RouteDocument, RouteFeature, UnreachedDocument
from twin.api.router import Router
from twin.auth import Action, Labels, Principal, Protected, authorise, permitted_labels
from twin.queries.place.frames import require_one
from twin.queries.routes import Closures, Network, Travel, evacuation, nearest, route, unreached_rooms
from twin.queries.routes.networks import Networks, guard_posts, line_in_degrees, place_of_text
from twin.store import Store

__all__ = ["router"]

router = Router(tags=["spatial"], responses=NOT_FOUND)
Reader = Annotated[Principal, allowed(Action.READ_FEATURE)]
SiteOf = Annotated[str | None, Query(description=bilingual("大院;只有一个时可省", "site; may stay out where there is one"))]
Closed = Annotated[
    list[str] | None,
    Query(max_length=200, description=bilingual("关闭的门、房间、楼梯", "ids of what is closed: doors, gates, rooms, stairs")),
]
PLACE = bilingual("要素标识,或经度,纬度,椭球高", "id of a room, door or gate, or LON,LAT,HEIGHT above the ellipsoid")


@router.get("/spatial/route", summary=bilingual("两地之间的路", "a way between two places"), response_model=RouteDocument | RouteFeature)
def read_route(
    request: Request,
    principal: Reader,
    start: Annotated[str, Query(alias="from", max_length=300, description=PLACE)],
    end: Annotated[str, Query(alias="to", max_length=300, description=PLACE)],
    mode: Annotated[Travel, Query(description=bilingual("步行、轮椅或驾车", "on foot, in a wheelchair or by car"))] = "foot",
    closed: Closed = None,
    lifts: Annotated[bool, Query(description=bilingual("可乘电梯", "lifts may be taken"))] = True,
    cost: Annotated[Literal["seconds", "metres"], Query(description=bilingual("以何为短", "what is least"))] = "seconds",
    f: Annotated[Literal["json", "geojson"], Query(description=bilingual("文档或一个要素", "a document, or one GeoJSON feature"))] = "json",
    site: SiteOf = None,
) -> dict[str, Any]:
    """线(经纬度、椭球高)、米、秒、门、逐步文字;无路时说明原因。Line, metres, seconds, doors, steps in words; or why there is none."""
    network, frame, _, _ = _asked(request, principal, site)
    found = route(
        network,
        place_of_text(start, frame),
        place_of_text(end, frame),
        mode=mode,
        closures=Closures.of(network, closed or ()),
        lifts=lifts,
        cost=cost,
    )
    document = {"site": frame.site.code, "revision": network.scene.revision, **found.as_json()}
    line = line_in_degrees(found, frame)
    return {"type": "Feature", "geometry": line, "properties": document} if f == "geojson" else document | {"line": line}


@router.get("/spatial/guards", summary=bilingual("最近的岗亭", "the guard posts nearest along the way"), response_model=GuardsDocument)
def read_guards(
    request: Request,
    principal: Reader,
    to: Annotated[str, Query(max_length=300, description=PLACE)],
    k: Annotated[int, Query(ge=1, le=100, description=bilingual("几个", "how many"))] = 3,
    closed: Closed = None,
    site: SiteOf = None,
) -> dict[str, Any]:
    """沿路而非直线;到不了的和不在路边的也列出。Along the way, not straight; those that cannot come, and those beside no way, are listed."""
    network, frame, store, labels = _asked(request, principal, site)
    posts = guard_posts(store, frame.site.code, labels)
    found = nearest(network, place_of_text(to, frame), posts, k, closures=Closures.of(network, closed or ()))
    return {"site": frame.site.code, "revision": network.scene.revision, **found.as_json()}


@router.get("/spatial/evacuation", summary=bilingual("各房间疏散距离", "the way out of each room"), response_model=EvacuationDocument)
def read_evacuation(
    request: Request,
    principal: Reader,
    until: Annotated[
        Literal["outside", "stairs"], Query(description=bilingual("到室外,或到楼梯间门", "to the outside, or the door of a staircase"))
    ] = "outside",
    under: Annotated[str | None, Query(alias="in", description=bilingual("楼栋或楼层", "only rooms of this building or storey"))] = None,
    closed: Closed = None,
    site: SiteOf = None,
) -> dict[str, Any]:
    """走楼梯不乘电梯;出不去的房间及原因。By stairs, not lifts; rooms without a way out with the reason."""
    network, frame, store, labels = _asked(request, principal, site)
    found = evacuation(network, until=until, closures=Closures.of(network, closed or ())).as_json()
    if under is not None:
        below = {str(row.feature.id) for row in store.descendants(under, labels, site=frame.site.code)}
        found = {name: [row for row in rows if row["room"] in below] for name, rows in found.items()}
    return {"site": frame.site.code, "revision": network.scene.revision, **found}


@router.get("/spatial/unreached", summary=bilingual("到不了的房间", "rooms that nobody reaches"), response_model=UnreachedDocument)
def read_unreached(
    request: Request,
    principal: Reader,
    mode: Annotated[Literal["foot", "wheelchair"], Query(description=bilingual("步行或轮椅", "on foot or in a wheelchair"))] = "foot",
    site: SiteOf = None,
) -> dict[str, Any]:
    """没有通路到室外的房间及原因,如楼内无电梯。Rooms without a way to the outside, and why: no door, stairs alone, no lift."""
    network, frame, _, _ = _asked(request, principal, site)
    found = unreached_rooms(network, mode)
    rooms = sum(nodes.room.use != "floor" for nodes in network.rooms.values())
    reached = rooms - sum(row.room in network.rooms for row in found)
    return {
        "site": frame.site.code,
        "revision": network.scene.revision,
        "mode": mode,
        "reached": reached,
        "unreached": [row.as_json() for row in found],
    }


def _asked(request: Request, principal: Principal, site: str | None) -> tuple[Network, SiteFrame, Store, Labels]:
    """The network of the site as the asker may know it, its frame, and what else is asked of the store."""
    store: Store = request.app.state.store
    networks: Networks = request.app.state.networks
    code = require_one([one.code for one in store.list_sites() if {"*", one.code} & principal.scopes], site)
    authorise(principal, Action.READ_FEATURE, Protected(site=code, path=request.url.path))
    labels = permitted_labels(principal)
    return networks.of(code, labels), SiteFrame.of(store.get_site(code)), store, labels
