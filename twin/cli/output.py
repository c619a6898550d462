"""What every command shares: one JSON document or a few words on stdout, progress and errors on stderr, the exit code."""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from twin.cli.refusal import Facts, find_refusal

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["DECIDE", "REFUSED", "JsonFlag", "Outcome", "command", "complain", "count", "error_document", "progress_bar", "write_json"]

REFUSED = 1
DECIDE = 3
INTERNAL = {"code": "INTERNAL_ERROR", "path": "", "hint": "a fault of the program: please report it with the lines on stderr"}
P = ParamSpec("P")
JsonFlag = Annotated[bool, typer.Option("--json", help="one JSON document on stdout and nothing else")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command did: its JSON document, the same in words, the exit code, and what it goes on doing once that is said."""

    document: Any
    words: str
    exit_code: int = 0
    then: Callable[[], None] | None = None


def command(function: Callable[P, Outcome]) -> Callable[P, None]:
    """Print a command's outcome, or its error as `{error: {code, message, path, hint}, issues}`, and exit with the code."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        try:
            with _stdout_is_ours(as_json):
                outcome = function(*args, **kwargs)
        except (typer.Exit, typer.TyperException):
            raise
        except Exception as error:
            facts = find_refusal(error)
            if facts is None:
                traceback.print_exc()
                facts = INTERNAL | {"message": f"{type(error).__name__}: {error}"}
            complain(facts, as_json)
            raise typer.Exit(REFUSED) from error
        if as_json:
            write_json(outcome.document)
        elif outcome.words:
            sys.stdout.write(outcome.words + "\n")
        sys.stdout.flush()
        if outcome.then:
            outcome.then()
        raise typer.Exit(outcome.exit_code)

    return run


def write_json(document: Any) -> None:
    """The one document of a command on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def error_document(facts: Facts, issues: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """`{error: {code, message, path, hint}, issues}`."""
    return {"error": facts, "issues": list(issues)}


def complain(facts: Facts, as_json: bool) -> None:
    """Say why nothing was done: the JSON document on stdout, or two lines on stderr."""
    if as_json:
        write_json(error_document(facts))
        return
    console = _stderr()
    console.print("refused", style="red", end=" ")
    console.print(f"{facts['code']}: {facts['message']}", markup=False, soft_wrap=True)
    if facts["hint"]:
        console.print(f"  → {facts['hint']}", markup=False, soft_wrap=True)


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "building"), count(12, "storey")
    ('1 building', '12 storeys')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr where it is a terminal; the callable takes (done, total)."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_stderr(), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)


@contextmanager
def _stdout_is_ours(as_json: bool) -> Iterator[None]:
    """What libraries print to the file descriptor of stdout goes to stderr: the document stays alone."""
    if not as_json:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
