"""`twin status`."""

from typing import Any

from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command, count

__all__ = ["status"]

SHOWN = 5


@command
def status(as_json: JsonFlag = False) -> Outcome:
    """What is in the store, what waits for a decision, what the tiles do not show yet, and what to do next."""
    from twin.queries.status import status_document

    with opened() as (settings, store):
        document = status_document(store, settings)
    lines = [f"{document['home']} · {document['database']}"] if document["sites"] else [f"no site yet in {document['home']}"]
    lines += [line for site in document["sites"] for line in _site_lines(site)]
    lines += _live_lines(document["live"])
    lines += ["", "next:", *(f"  {step}" for step in document["next"])]
    return Outcome(document=document, words="\n".join(lines))


def _site_lines(site: dict[str, Any]) -> list[str]:
    lines = ["", f"{site['name']} ({site['code']}): {count(len(site['models']), 'model')}, tiles {site['tiles']}"]
    if site["geoid_separation_m"] is None:
        lines.append("  no geoid separation: 1985 heights are refused")
    if site["models"]:
        lines += [f"  {line}" for line in _table([_MODEL_HEAD, *map(_model_row, site["models"])])]
        ledger = site["ledger"]
        lines.append(
            f"  ledger: {ledger['read']:,} read = {ledger['placed']:,} placed ({ledger['boxed']:,} as boxes) "
            f"+ {ledger['without_geometry']:,} without geometry + {ledger['failed']:,} failed"
        )
    for entry in site["waiting"]:
        lines += [f"  waits for you: {entry['revision']} {entry['why']}: {entry['message']}", *_element_lines(entry["elements"])]
        lines.append(f"    → {entry['do']}")
    if site["other_terrains"]:
        lines.append(f"  ground: {site['ground']}, imported last; layers do not lie on {', '.join(site['other_terrains'])}")
    if site["on_other_ground"]:
        lines.append(f"  on another ground, tiles build will lay them: {', '.join(site['on_other_ground'])}")
    if site["stale"]:
        lines.append(f"  not in the tiles yet: {', '.join(site['stale'])}")
    return lines


def _live_lines(live: dict[str, Any]) -> list[str]:
    """Nothing where nothing was ever live."""
    hub, kept = live["hub"], live["checkpoint"]
    if hub["state"] == "none" and not live["gateways"]:
        return []
    said = {"none": "there was none yet", "away": f"does not answer: {hub.get('why')}"}.get(hub["state"])
    if said is None:
        said = f"runs; {count(hub['devices'], 'device')}, journal applied up to {hub['position']:,}, {hub['waiting']:,} records wait"
    lines = ["", f"live: the hub {said}"]
    if hub.get("incidents_waiting"):
        lines.append(f"  {count(hub['incidents_waiting'], 'commit')} of incidents wait for the disk")
    if hub.get("late_waiting"):
        lines.append(f"  {count(hub['late_waiting'], 'span')} of late reports wait to be judged again")
    if hub.get("late_failed"):
        lines.append(f"  LATE_NOT_JUDGED: {len(hub['late_failed']):,}")
    if kept is not None:
        lines.append(f"  last checkpoint: {kept['at']}, at {kept['position']:,}")
    for one in live["gateways"]:
        lines.append(f"  gateway {one['name']} ({one['address']}): {_gateway_words(one)}")
        if one["held"]:
            lines.append(f"    acknowledges nothing now: {one['held']}")
        lines += [f"    {code}: {number:,}" for code, number in sorted(one["findings"].items())]
    if not live["gateways"]:
        lines.append("  no gateway")
    return lines + [f"  snapshot {one['file']}: {one['at']}" for one in live["snapshots"]]


def _gateway_words(one: dict[str, Any]) -> str:
    if one["protocol"] != "mqtt":
        return (
            f"{one['connected']:,} of {one['terminals']:,} terminals connected, {one['unknown']:,} unknown, {one['contested']:,} contested"
        )
    said = one["statistics"]
    words = f"broker {'connected' if said['broker'] else 'away'}, {count(said['messages'], 'message')}, {said['committed']:,} committed"
    if "batches" not in said:
        return words
    words += "".join(f", {one['batches']:,} batches of {name}" for name, one in said["batches"]["gateways"].items())
    refused = said["states"]["refused"] + said["states"]["missed"]
    return f"{words}; {said['states']['kept']:,} states told" + (f", {refused:,} not taken" if refused else "")


_MODEL_HEAD = ("revision", "kind", "place", "read", "placed", "findings", "imported", "file")


def _model_row(model: dict[str, Any]) -> tuple[str, ...]:
    ledger = model["ledger"]
    return (
        model["revision"],
        model["kind"],
        model["verdict"] or "",
        f"{ledger['read']:,}",
        f"{ledger['placed']:,}",
        f"{sum(model['issues'].values()):,}",
        model["imported_at"][:16].replace("T", " "),
        model["file"],
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _element_lines(elements: list[dict[str, str]]) -> list[str]:
    lines = [f"    {one['entity']} {one['class']} {one['id']}: {one['reason']}" for one in elements[:SHOWN]]
    more = len(elements) - SHOWN
    return lines + ([f"    and {more:,} more: twin status --json lists them all"] if more > 0 else [])
