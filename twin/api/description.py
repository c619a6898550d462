"""The OpenAPI 3.1 document: what FastAPI finds in the routes, and by rule every other answer that each of them can give.

A rule looks at the operation itself (method, parameters, body), so that a new route is described without a list being kept.
"""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI

from twin.api.documents import Problem, bilingual
from twin.api.geojson_documents import GEOJSON_MODELS
from twin.api.item_documents import Queryables
from twin.api.middleware import DOCUMENTS
from twin.api.negotiation import HTML

__all__ = ["SECURITY", "describe", "operations_of"]

SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "twin key add"},
    "session": {"type": "apiKey", "in": "cookie", "name": "twin", "description": "POST /session; __Host-twin over TLS"},
}
TAGS = {
    "service": ("服务", "the service itself"),
    "session": ("登录与身份", "signing in, and who asks"),
    "sites": ("大院", "sites"),
    "features": ("要素", "features of a site"),
    "collections": ("OGC 要素集合", "OGC API Features"),
    "spatial": ("空间问题", "questions of place, sight and ways"),
    "tiles": ("三维瓦片", "3D Tiles"),
    "codes": ("问题代码", "finding codes"),
    "records": ("登记", "registers"),
    "assets": ("资产", "assets"),
    "requests": ("申请", "requests"),
    "stocktakes": ("盘点", "stock-takes"),
    "reconciliation": ("核对", "reconciliation"),
    "planner": ("办公用房", "office space"),
    "incidents": ("事件与报警", "incidents and events"),
    "live": ("实时与回放", "live and past"),
    "sensorthings": ("OGC SensorThings", "OGC SensorThings"),
    "gb28181": ("GB/T 28181 接入", "GB/T 28181"),
    "changes": ("变更订阅", "changes"),
    "exports": ("数据包", "packages"),
    "work items": ("关联待办", "links to decide"),
    "energy and vehicles": ("能耗与车辆", "energy and vehicles"),
}
PROBLEM_TYPE = "application/problem+json"
Operation = dict[str, Any]
Rule = Callable[[str, Operation], bool]


def _always(method: str, operation: Operation) -> bool:
    return True


def _reads(method: str, operation: Operation) -> bool:
    return method == "get"


def _writes(method: str, operation: Operation) -> bool:
    return method != "get"


def _has_body(method: str, operation: Operation) -> bool:
    return "requestBody" in operation


def _names_something(method: str, operation: Operation) -> bool:
    return bool(operation.get("parameters")) or _has_body(method, operation)


def _writes_something(method: str, operation: Operation) -> bool:
    return _writes(method, operation) and _names_something(method, operation)


def _has_precondition(method: str, operation: Operation) -> bool:
    return any(one["name"].lower() == "if-match" for one in operation.get("parameters", ()))


def _says_document(method: str, operation: Operation) -> bool:
    return method == "get" and any(media.startswith(DOCUMENTS) for media in operation["responses"].get("200", {}).get("content", ()))


def _where_said(method: str, operation: Operation) -> bool:
    return False


RETRY = {"Retry-After": ("过几秒再试", "seconds to wait", {"type": "integer", "minimum": 1}, True)}
PROBLEMS: dict[str, tuple[str, str, Rule, dict[str, tuple[str, str, dict[str, Any], bool]]]] = {
    "400": ("地址或正文的写法有误", "an address or body of the wrong form", _always, {}),
    "401": (
        "没有钥匙,或钥匙无效",
        "no key, or one that is unknown, revoked or expired",
        _always,
        {"WWW-Authenticate": ("应出示什么", "what to send", {"type": "string"}, True)},
    ),
    "403": ("无权", "the role or scope does not allow it", _always, {}),
    "404": ("没有,或不可知", "there is none, or none for this reader", _names_something, {}),
    "405": ("此处不可写", "what came from a file is not written here", _where_said, {}),
    "409": ("与现状不符,未改动", "it does not fit what is there; nothing was changed", _writes, {}),
    "410": ("记号已失效", "the token is of another store, or of what the reader may no longer know of", _where_said, {}),
    "412": ("记录已变", "the record has changed since it was seen", _has_precondition, {}),
    "413": ("过大", "more than is taken at once", _has_body, {}),
    "415": ("不收此类型", "a body of a type that is not taken", _has_body, {}),
    "421": ("不是本服务的主机名", "a host name that is not this service's", _always, {}),
    "422": ("看懂了,但值不成立", "understood, but a value does not hold", _writes_something, {}),
    "428": ("须带 If-Match", "If-Match is required", _has_precondition, {}),
    "429": ("错误钥匙过多,或同一钥匙观看过多", "too many wrong keys, or too many who watch with one", _always, RETRY),
    "501": ("未安装所需的库", "a library that this needs is not installed", _where_said, {}),
    "503": ("库或瓦片暂不可用", "records or tiles cannot be reached now", _always, RETRY),
}
"""Status → words, whether an operation can answer it, headers (words, schema, whether it is always there). Ours are problems, RFC 9457."""
LOCATION = ("新建者的地址", "address of what was made", {"type": "string"}, True)
ETAG = ("内容的标签", "tag of the content", {"type": "string"}, True)
MOVED: dict[str, tuple[str, str, Rule, dict[str, tuple[str, str, dict[str, Any], bool]]]] = {
    "303": (
        "未登录的浏览器转到登录页",
        "a browser (Accept: text/html) that has not signed in is sent to /login",
        _reads,
        {"Location": ("登录页", "the page that asks for a key", {"type": "string"}, True)},
    ),
    "304": ("未变(If-None-Match)", "unchanged (If-None-Match)", _says_document, {"ETag": ETAG}),
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of the application, made once and kept."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for model in (Problem, Queryables, *GEOJSON_MODELS):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        document["components"] |= {"securitySchemes": SECURITY, "responses": _components()}
        document["security"] = [{name: []} for name in SECURITY]
        for method, operation in operations_of(document):
            _complete(method, operation)
        used = {tag for _, operation in operations_of(document) for tag in operation["tags"]}
        document["tags"] = [{"name": name, "description": bilingual(*words)} for name, words in TAGS.items() if name in used]
    assert app.openapi_schema is not None
    return app.openapi_schema


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Each method and operation of the document."""
    for item in document["paths"].values():
        yield from item.items()


def _complete(method: str, operation: Operation) -> None:
    responses: dict[str, Any] = operation["responses"]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    said = {status for status in PROBLEMS.keys() & responses.keys() if PROBLEMS[status][2] is _where_said}
    for status in PROBLEMS.keys() & responses.keys():
        del responses[status]
    if _says_document(method, operation):
        responses["200"].setdefault("headers", {})["ETag"] = _header(*ETAG)
    if "201" in responses:
        responses["201"].setdefault("headers", {})["Location"] = _header(*LOCATION)
    for status, (_, _, applies, _) in (MOVED | PROBLEMS).items():
        if status in said or applies(method, operation):
            responses[status] = {"$ref": f"#/components/responses/{_name(status)}"}
    operation["responses"] = dict(sorted(responses.items()))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter: one that is left out is not null, and `null` in an address is a text."""
    several = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if len(several) != 1 or len(several) == len(schema["anyOf"]):
        return schema
    only: dict[str, Any] = several[0]
    return {name: value for name, value in schema.items() if name not in ("anyOf", "default")} | only


def _components() -> dict[str, Any]:
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}, HTML: {"schema": {"type": "string"}}}
    return {_name(status): _response(*row, content=content) for status, row in PROBLEMS.items()} | {
        _name(status): _response(*row, content=None) for status, row in MOVED.items()
    }


def _response(
    zh: str, en: str, _: Rule, headers: dict[str, tuple[str, str, dict[str, Any], bool]], *, content: dict[str, Any] | None
) -> dict[str, Any]:
    described: dict[str, Any] = {"description": bilingual(zh, en)}
    if headers:
        described["headers"] = {name: _header(*row) for name, row in headers.items()}
    return described if content is None else described | {"content": content}


def _header(zh: str, en: str, schema: dict[str, Any], always: bool) -> dict[str, Any]:
    return {"description": bilingual(zh, en), "schema": schema, "required": always}


def _name(status: str) -> str:
    return f"Status{status}"
