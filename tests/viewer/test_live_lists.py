"""What the lists of gates and journeys are made of, in the page's own modules without a browser."""

import json
import shutil
import subprocess
from typing import Any

from tests.conftest import require
from tests.viewer.test_live import ROOT, RUNNER

LIVE = ROOT / "viewer" / "web" / "src" / "live"
NOW_MS = 1_795_741_200_000
BEFORE, AFTER = "2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"


def called(module: str, function: str, *calls: list[Any]) -> list[Any]:
    """What a function of a module answers to each list of arguments."""
    node = shutil.which("node")
    require(node is not None, "node", "install Node 20 or later")
    asked = json.dumps([{"call": arguments} for arguments in calls])
    done = subprocess.run([str(node), RUNNER, LIVE / f"{module}.ts", function], input=asked, capture_output=True, text=True, check=True)
    answers: list[Any] = json.loads(done.stdout)
    return answers


def test_a_visit_is_due_between_its_ends_and_one_without_an_end_lasts() -> None:
    spans = ((BEFORE, AFTER), (BEFORE, None), (None, None), (AFTER, None), (BEFORE, BEFORE))
    asked = [[{"starts": starts, "ends": ends}, NOW_MS] for starts, ends in spans]
    assert called("visits", "dueOf", *asked) == ["due", "due", "due", "later", "over"]


def test_a_gate_lists_its_own_visits_and_those_of_any_gate_what_is_due_first() -> None:
    def visit(key: str, gate: str | None, starts: str, ends: str | None) -> dict[str, Any]:
        return {"key": key, "gate": gate, "starts": starts, "ends": ends, "plate": None, "card": None, "person": None}

    visits = [
        visit("over", "G-1", BEFORE, BEFORE),
        visit("later", None, AFTER, None),
        visit("elsewhere", "G-2", BEFORE, None),
        visit("due", "G-1", BEFORE, AFTER),
        visit("any", "", BEFORE, None),
    ]
    (found,) = called("visits", "visitsAt", [visits, "G-1", NOW_MS])
    assert [one["key"] for one in found] == ["any", "due", "later", "over"]


SAID: list[tuple[dict[str, Any], str, str | None, bool | None]] = [
    ({"direction": "in", "subject": "vehicle", "plate": "闽A1", "granted": True}, "vehicle", "闽A1", True),
    ({"direction": "in", "plate": "闽A1"}, "vehicle", "闽A1", None),
    ({"direction": "in", "subject": "person", "card": "7", "granted": False}, "person", "7", False),
    ({"person": "P-1"}, "person", "P-1", None),
    ({"direction": 7, "card": ""}, "person", None, None),
]


def test_a_passage_is_read_as_the_gate_said_it() -> None:
    found = called("passage", "passageOf", *([BEFORE, said] for said, *_ in SAID))
    directions = [said["direction"] if isinstance(said.get("direction"), str) else None for said, *_ in SAID]
    assert [(one["subject"], one["key"], one["granted"]) for one in found] == [tuple(told) for _, *told in SAID]
    assert [(one["at"], one["direction"]) for one in found] == [(BEFORE, direction) for direction in directions]


def test_trips_and_stops_are_one_list_the_latest_first() -> None:
    trips = [{"start": f"2026-11-27T0{hour}:00:00Z"} for hour in (1, 3)]
    stops = [{"start": "2026-11-27T02:00:00Z"}, {"start": "2026-11-27T04:00:00.5Z"}]
    (found,) = called("legs", "legsOf", [{"trips": trips, "stops": stops}])
    assert [one["what"] for one in found] == ["stop", "trip", "stop", "trip"]


def test_orders_and_findings_are_told_the_latest_first_and_one_without_a_beginning_last() -> None:
    (found,) = called("legs", "latestFirst", [[{"from": BEFORE}, {"from": None}, {"from": AFTER}]])
    assert [one["from"] for one in found] == [AFTER, BEFORE, None]
