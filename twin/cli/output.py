"""What every command shares: one JSON document or a few words on stdout, progress and errors on stderr, the exit code."""

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, ParamSpec

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bim.errors import BimError
from cim.errors import CimError
from spatial.errors import SpatialError
from tiles.errors import TilesError
from twin.errors import TwinError

__all__ = ["DECIDE", "JsonFlag", "Outcome", "command", "progress_bar", "stderr"]

REFUSED = 1
DECIDE = 3
P = ParamSpec("P")
JsonFlag = Annotated[bool, typer.Option("--json", help="one JSON document on stdout and nothing else")]
stderr = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command did: its JSON document, the same in words, and the exit code."""

    document: dict[str, Any]
    words: str
    exit_code: int = 0


def command(function: Callable[P, Outcome]) -> Callable[P, None]:
    """Print a command's outcome, or its error as `{error: {code, message, path, hint}, issues}`, and exit with the code."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        try:
            outcome = function(*args, **kwargs)
        except (TwinError, BimError, CimError, SpatialError, TilesError) as error:
            raise typer.Exit(_refuse(error, as_json)) from error
        if as_json:
            sys.stdout.write(json.dumps(outcome.document, ensure_ascii=False, indent=2) + "\n")
        elif outcome.words:
            sys.stdout.write(outcome.words + "\n")
        raise typer.Exit(outcome.exit_code)

    return run


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr where it is a terminal; the callable takes (done, total)."""
    if quiet or not stderr.is_terminal:
        yield lambda done, total: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _refuse(error: Exception, as_json: bool) -> int:
    facts = {
        "code": getattr(error, "code", "ERROR"),
        "message": str(error),
        "path": str(getattr(error, "path", "")),
        "hint": getattr(error, "hint", ""),
    }
    if as_json:
        sys.stdout.write(json.dumps({"error": facts, "issues": []}, ensure_ascii=False, indent=2) + "\n")
    else:
        stderr.print(f"[red]refused[/red] {facts['code']}: {facts['message']}", markup=True)
        if facts["hint"]:
            stderr.print(f"  → {facts['hint']}", markup=False)
    return REFUSED
