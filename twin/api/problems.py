"""Errors as RFC 9457 problem details."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tiles import TilesError
from twin.api.negotiation import HTML, JSON, Language, chosen_form, chosen_language
from twin.api.pages.frame import send_problem_page
from twin.api.pages.problem import problem_page
from twin.api.parameters import find_parameter
from twin.api.templates import templates_of
from twin.codes import problem_words
from twin.errors import NotReady, StoreUnavailable, TooManyFailures, TooManyWatching, TwinError, Unauthenticated, status_of
from twin.queries.cql2.errors import FilterInvalid

__all__ = ["MethodNotAllowed", "install_problem_handlers", "problem"]

MEDIA_TYPE = "application/problem+json"
LANGUAGES: Mapping[str, Language] = {"zh": "zh", "en": "en"}
RETRY_S = 5
SEE_OPENAPI = "/openapi.json describes the parameters"
READING = "GET, HEAD"
REQUEST_STATUS = {
    "METHOD_NOT_ALLOWED": 405,
    "PRECONDITION_REQUIRED": 428,
    "PRECONDITION_FAILED": 412,
    "BODY_INVALID": 400,
    "THING_INVALID": 400,
    "FILTER_INVALID": 400,
    "PARAMETER_INVALID": 400,
    "HEIGHT_DATUM_UNKNOWN": 400,
    "CHANGES_TOKEN_INVALID": 400,
    "CHANGES_TOKEN_FOREIGN": 410,
    "CHANGES_SCOPE_CHANGED": 410,
}


class MethodNotAllowed(TwinError):
    """A change of what came from a file: 405, reading is all that is allowed."""

    code = "METHOD_NOT_ALLOWED"


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error as `application/problem+json`: type, title, status, detail, instance, and our code and hint."""
    app.add_exception_handler(TwinError, _twin_error)
    app.add_exception_handler(TilesError, _tiles_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    hint: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    named: str = "",
    **more: object,
) -> Response:
    """One problem; `type` is `about:blank`, so that `title` is the phrase of the status in the language asked for (RFC 9457 §4.2.1).

    `words` and `advice` are for people, in both languages; `detail` and `hint` tell an engineer exactly. `named` is what `words` are about.
    Who reads with a browser (`Accept: text/html`) gets words and advice as a page, Chinese where nothing asks for English.
    """
    said, kept = problem_words(status, code, named), {"Cache-Control": "no-store", **(headers or {})}
    if request.method == "GET" and chosen_form(request, None, {"problem": (MEDIA_TYPE, JSON), "html": (HTML,)}) == "html":
        page_language = _language(request, otherwise="zh")
        exact = f"{status} {code}: {detail}{f' ({hint})' if hint else ''}"
        return send_problem_page(request, problem_page(said, exact, page_language), page_language, status, kept)
    language = _language(request, otherwise="en")
    body = {
        "type": "about:blank",
        "title": said.phrase[language],
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "hint": hint,
        "words": said.words,
        "advice": said.advice,
        **more,
    }
    negotiated = {"Content-Language": language, "Vary": "Accept, Accept-Language"}
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=kept | negotiated)


def _language(request: Request, *, otherwise: Language) -> Language:
    return chosen_language(request, LANGUAGES.get(request.query_params.get("lang", "")), otherwise=otherwise)


def _twin_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TwinError)
    if isinstance(error, Unauthenticated) and request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"/login?{urlencode({'next': request.url.path})}", 303, headers={"Cache-Control": "no-store"})
    status = _status(request, error)
    if status != HTTPStatus.BAD_REQUEST or request.method != "GET":
        return problem(request, status, error.code, error.message, error.hint, headers=_headers(error))
    in_filter = isinstance(error, FilterInvalid) and "filter" in request.query_params and error.path not in request.query_params
    named = "filter" if in_filter else find_parameter(request, error.path)
    more: dict[str, Any] = {"parameter": named} if named else {}
    return problem(request, status, error.code, error.message, error.hint or SEE_OPENAPI, headers=_headers(error), named=named, **more)


def _status(request: Request, error: TwinError) -> int:
    """Of conditions and parameters of a request, which only HTTP knows; of everything else by its class.

    Who only reads says nothing but parameters, so a value that does not hold is one of those: 400 (OGC 17-069r4,
    /req/core/query-param-invalid).
    """
    status = REQUEST_STATUS.get(error.code, status_of(error))
    return HTTPStatus.BAD_REQUEST if request.method == "GET" and status == HTTPStatus.UNPROCESSABLE_ENTITY else status


def _headers(error: TwinError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        known = 'Bearer realm="twin"'
        return {"WWW-Authenticate": known if error.code == Unauthenticated.code else f'{known}, error="invalid_token"'}
    if isinstance(error, TooManyFailures | TooManyWatching | NotReady):
        return {"Retry-After": str(error.retry_s)}
    if error.code == MethodNotAllowed.code:
        return {"Allow": READING}
    return {"Retry-After": str(RETRY_S)} if isinstance(error, StoreUnavailable) else {}


def _tiles_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TilesError)
    return problem(request, 503, error.code, "the tiles cannot be read", "twin tiles build", headers={"Retry-After": str(RETRY_S)})


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(templates_of(request.app).methods_of(request.scope["path"]))
    code = HTTPStatus(error.status_code).name
    return problem(request, error.status_code, code, f"{request.method} {request.url.path}: {error.detail}", headers=headers)


def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    findings = [{"where": ".".join(map(str, item["loc"])), "what": item["msg"]} for item in error.errors()]
    detail = "; ".join(f"{finding['where']}: {finding['what']}" for finding in findings)
    more: dict[str, Any] = {"parameters": findings}
    where, *name = map(str, error.errors()[0]["loc"])
    if where in ("query", "path", "header") and name:
        more["parameter"] = name[0]
    return problem(request, 400, "PARAMETER_INVALID", detail, SEE_OPENAPI, named=more.get("parameter") or ".".join(name), **more)
