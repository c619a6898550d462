"""Errors as RFC 9457 problem details."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from twin.errors import TwinError, status_of

__all__ = ["install_problem_handlers"]


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error as `application/problem+json` with type, title, status, detail and, where known, code and hint."""
    app.add_exception_handler(TwinError, _twin_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)


def _problem(request: Request, status: int, title: str, detail: str, **more: object) -> JSONResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": request.url.path, **more}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def _twin_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TwinError)
    return _problem(request, status_of(error), type(error).__name__, error.message, code=error.code, hint=error.hint)


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(request, error.status_code, str(error.detail), f"{request.method} {request.url.path}: {error.detail}")


def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    findings = [{"where": ".".join(map(str, item["loc"])), "what": item["msg"]} for item in error.errors()]
    return _problem(request, 400, "Invalid parameter", "; ".join(f"{f['where']}: {f['what']}" for f in findings), parameters=findings)
