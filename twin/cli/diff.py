"""`twin diff`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command

__all__ = ["diff"]

SHOWN = 20
MARKS = {"added": "+", "removed": "-", "changed": "~"}


@command
def diff(
    model: Annotated[str, typer.Argument(help="key of the model or layer")],
    site: Annotated[str | None, typer.Option(help="code of the site, where several have such a model")] = None,
    earlier: Annotated[
        int | None, typer.Option("--from", min=1, help="number of the revision to begin with; default: the one before")
    ] = None,
    later: Annotated[int | None, typer.Option("--to", min=1, help="number of the revision to end with; default: the last")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """What a revision of a model brought, no longer has, and changed, by GlobalId; --json has every one with its fields."""
    from twin.queries.changes.models import diff_model

    with opened() as (_, store):
        document = diff_model(store, model, site=site, earlier=earlier, later=later)
    return Outcome(document=document, words=_words(document))


def _words(document: dict[str, Any]) -> str:
    counts = document["counts"]
    said = [f"{counts[name]:,} {name}" for name in MARKS]
    lines = [
        f"{document['from'] or 'nothing'} → {document['to']} ({document['site']}): {', '.join(said)}, {counts['unchanged']:,} as before"
    ]
    for name, mark in MARKS.items():
        by_class = document["by_class"][name]
        if by_class:
            lines.append(f"{name}: {', '.join(f'{kind} {number:,}' for kind, number in by_class.items())}")
        rows = document[name]
        lines += [f"  {mark} {_row(row)}" for row in rows[:SHOWN]]
        if len(rows) > SHOWN:
            lines.append(f"  … and {len(rows) - SHOWN:,} more: --json has them all")
    return "\n".join(lines)


def _row(row: dict[str, Any]) -> str:
    fields = f": {', '.join(row['fields'])}" if "fields" in row else ""
    return f"{row['id']} {row['class']} {row['name'] or ''}".rstrip() + fields
