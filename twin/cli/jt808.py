"""`twin jt808 decode`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from twin.cli.output import DECIDE, JsonFlag, Outcome, command, count

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="JT/T 808: frames of vehicle terminals in words")


@app.command(name="decode")
@command
def decode(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="lines of hexadecimal digits, one frame each; - reads stdin")],
    as_json: JsonFlag = False,
) -> Outcome:
    """What each frame says; exit 3 where one could not be read, or not wholly."""
    from sensors.jt808_told import tell_lines

    if str(file) == "-":
        told = tell_lines(sys.stdin)
    else:
        with file.open(encoding="utf-8", errors="replace") as lines:
            told = tell_lines(lines)
    refused = sum(one["error"] is not None for one in told)
    words = [line for one in told for line in _words(one)]
    words.append(f"{count(len(told), 'frame')}, {refused:,} not read or not wholly")
    return Outcome(document=told, words="\n".join(words), exit_code=DECIDE if refused else 0)


def _words(one: dict[str, Any]) -> list[str]:
    error = one["error"]
    if one["message_id"] is None:
        return [f"refused ({error['reason']}): {error['message']}"]
    part = one["subpackage"]
    head = f"{one['message_id']} {one['name']} · {one['version']} · {one['terminal']} · serial {one['serial']}"
    lines = [head + (f" · package {part['index']} of {part['total']}" if part else "")]
    if where := one["position"]:
        fixed = "" if where["fixed"] else " (no fix)"
        moving = f"{where['speed_kmh']} km/h · {where['heading_deg']}°"
        lines.append(f"  {where['lon']:.6f}, {where['lat']:.6f}{fixed} · {moving} · {where['device_time']}")
    elif one["fields"]:
        lines.append("  " + _short(", ".join(f"{name} {value}" for name, value in one["fields"].items())))
    lines += [f"  {item.get('name', hex(item['id']))}: {_short(str(item.get('value', item.get('raw'))))}" for item in one["items"]]
    lines += [f"  alarm: {', '.join(one['alarms'])}"] if one["alarms"] else []
    return lines + ([f"  not read ({error['reason']}): {error['message']}"] if error else [])


def _short(text: str, most: int = 400) -> str:
    return text if len(text) <= most else f"{text[:most]}… (whole with --json)"
