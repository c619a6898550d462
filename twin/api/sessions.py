"""/session and /login: a browser gives its key once and gets a cookie for it; who asks, and what they may."""

from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import bilingual
from twin.api.gate import allowed
from twin.api.keyring import Keyring
from twin.api.page import page_file
from twin.api.router import Router
from twin.auth import Action, Principal, find_role
from twin.errors import Refused

__all__ = ["router"]

router = Router(tags=["session"])
Asker = Annotated[Principal, allowed(Action.SIGN_IN)]
Reader = Annotated[Principal, allowed(Action.READ_PAGE)]


class SignIn(BaseModel):
    """钥匙 · a key."""

    model_config = ConfigDict(extra="forbid")
    key: str = Field(max_length=200, description=bilingual("twin key add 所示的钥匙", "the key that twin key add showed"))


class Session(BaseModel):
    """当前身份及其权限 · who asks, and what they may."""

    name: str = Field(description=bilingual("钥匙名", "name of the key"))
    role: str = Field(description=bilingual("角色", "role"))
    role_name: dict[str, str] = Field(description=bilingual("角色的中英文名", "the role in Chinese and English"))
    actions: list[str] = Field(description=bilingual("可做的事", "what the role may do"))
    sites: list[str] = Field(description=bilingual("大院,* 为全部", "sites, * is all"))
    units: list[str] = Field(description=bilingual("单位,含其下级,* 为全部", "units and all below them, * is all"))
    labels: list[str] = Field(description=bilingual("可见范围,* 为全部", "labels, * is all"))
    ends: bool = Field(description=bilingual("可退出", "whether there is something to sign out of"))


@router.get("/session", summary=bilingual("当前身份", "who asks"), response_model=Session)
def read_session(request: Request, principal: Reader) -> dict[str, Any]:
    """名称、角色与权限范围。Name, role and scopes; 401 without a key or session."""
    return _document(principal, ends=_find_keyring(request) is not None and "authorization" not in request.headers)


@router.post("/session", summary=bilingual("登录", "sign in"), response_model=Session)
def open_session(request: Request, response: Response, body: SignIn, principal: Asker) -> dict[str, Any]:
    """以钥匙换取 HttpOnly、SameSite=Strict 的会话。A session in an HttpOnly, SameSite=Strict cookie for a key; 12 hours at most."""
    keyring = _find_keyring(request)
    if keyring is None:
        raise Refused("this service asks for no key", code="SIGN_IN_NEEDLESS", path="/session", hint="open / at once")
    response.headers["Cache-Control"] = "no-store"
    return _document(keyring.sign_in(request, response, body.key), ends=True)


@router.delete("/session", summary=bilingual("退出", "sign out"), status_code=204, response_class=Response)
def close_session(request: Request, principal: Asker) -> Response:
    """会话即刻失效。The session ends at once, in every worker."""
    response = Response(status_code=204)
    keyring = _find_keyring(request)
    if keyring is not None:
        keyring.sign_out(request, response)
    return response


@router.get("/login", include_in_schema=False)
def read_login(request: Request, principal: Asker) -> Response:
    """The page that asks for a key."""
    return page_file(request, "login/index.html", "no-cache")


@router.get("/login/{name}", include_in_schema=False)
def read_login_file(request: Request, name: str, principal: Asker) -> Response:
    """A file of that page."""
    return page_file(request, f"login/{name}", "no-cache")


def _find_keyring(request: Request) -> Keyring | None:
    found: Keyring | None = request.app.state.keyring
    return found


def _document(principal: Principal, *, ends: bool) -> dict[str, Any]:
    row = find_role(principal.role)
    return {
        "name": principal.name,
        "role": principal.role,
        "role_name": {"zh": row.zh, "en": row.en} if row else {},
        "actions": sorted(row.actions) if row else [],
        "sites": sorted(principal.scopes),
        "units": sorted(principal.units),
        "labels": sorted(principal.labels),
        "ends": ends,
    }
