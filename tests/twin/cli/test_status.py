"""What a person reads: what is in, what waits for them, what to do next; and what each step then says."""

import json
import time
from pathlib import Path

import pytest

from tests.twin.cli.conftest import Twin
from tests.twin.files import ANCHOR, Files
from tests.twin.hub.devices import LAT, LON, moving
from tests.twin.hub.running import a_running_hub
from tests.twin.store.builder import NOW, new_revision
from twin.gateway.control import Control
from twin.store import LedgerEntry, Store


def test_an_empty_home_says_how_to_begin(twin: Twin) -> None:
    done = twin("status")
    assert (done.code, done.document["sites"]) == (0, [])
    assert [step.split()[1] for step in done.document["next"]] == ["site", "demo"]
    assert "no site yet" in twin("status", words=True).stdout
    assert "no site yet" in twin("tiles", "build", words=True).stdout
    assert twin("tiles", "check").error["code"] == "NO_TILES"


def test_status_leads_from_nothing_to_a_served_scene(twin: Twin, site: str, files: Files) -> None:
    def next_steps() -> list[str]:
        return list(twin("status").document["next"])

    assert [step.split()[1:3] for step in next_steps()] == [["import", "city"], ["import", "bim"]]
    twin("import", "bim", files.office, "--site", site)
    assert next_steps() == [
        "twin import bim office.ifc --site s --model office --anchor LON,LAT,ELLIPSOIDAL_HEIGHT,HEADING_DEG",
    ]
    twin("import", "bim", files.office, "--site", site, "--anchor", ANCHOR)
    twin("import", "city", files.dem, files.roads, "--site", site)
    assert next_steps() == ["twin tiles build --site s"]
    built = twin("tiles", "build").document["sites"][0]
    assert [layer["built"] for layer in built["layers"]] == [True, True, True]
    assert next_steps() == ["twin serve"]
    assert twin("tiles", "check").document == {"checked": 3, "issues": []}
    assert [layer["built"] for layer in twin("tiles", "build").document["sites"][0]["layers"]] == [False, False, False]


def test_status_sums_the_ledgers_and_names_what_failed(twin: Twin, site: str, home: Path, files: Files) -> None:
    twin("import", "city", files.roads, "--site", site)
    counts = {"read": 10, "placed": 2, "boxed": 1, "without_geometry": 1, "failed": 7}
    ledger = [LedgerEntry(local_id=f"w{n}", entity=f"#{n}", class_name="IfcWall", outcome="failed", reason="几何为空") for n in range(7)]
    new = new_revision(model_key="tower", site=site, counts={"elements": counts})
    with Store.open(f"sqlite:///{home / 'records.sqlite'}") as store:
        store.record_revision(new, [], {}, ledger, [], now=NOW)
    (entry,) = twin("status").document["sites"]
    assert entry["ledger"] == {"read": 13, "placed": 5, "boxed": 1, "without_geometry": 1, "failed": 7}
    (waiting,) = entry["waiting"]
    assert (waiting["why"], waiting["revision"], len(waiting["elements"])) == ("failed", "tower@1", 7)
    assert waiting["elements"][0] == {"id": "tower:w0", "entity": "#0", "class": "IfcWall", "reason": "几何为空"}
    said = twin("status", words=True).stdout
    assert "ledger: 13 read = 5 placed (1 as boxes) + 1 without geometry + 7 failed" in said
    assert "#4 IfcWall tower:w4: 几何为空" in said
    assert "#5 IfcWall" not in said
    assert "and 2 more: twin status --json lists them all" in said


def test_status_in_words_fits_the_facts(twin: Twin, site: str, files: Files) -> None:
    twin("import", "city", files.roads, "--site", site)
    twin("import", "bim", files.office, "--site", site)
    said = twin("status", words=True).stdout
    for words in (
        "试验 (s): 2 models, tiles none",
        "office@1",
        "roads@1",
        "waits for you: office@1 needs_anchor",
        "not in the tiles yet: roads",
    ):
        assert words in said
    assert said.rstrip().splitlines()[-2:] == [
        "  twin import bim office.ifc --site s --model office --anchor LON,LAT,ELLIPSOIDAL_HEIGHT,HEADING_DEG",
        "  twin tiles build --site s",
    ]


def test_tiles_that_lag_or_lack_are_found_by_check(twin: Twin, site: str, home: Path, files: Files) -> None:
    twin("import", "city", files.dem, "--site", site)
    twin("tiles", "build")
    twin("import", "city", files.roads, "--site", site)
    done = twin("tiles", "check")
    assert (done.code, done.error["code"]) == (1, "TILES_FAULTY")
    assert ("TILES_STALE", "roads") in {(issue["code"], issue["layer"]) for issue in done.document["issues"]}
    assert twin("status").document["sites"][0]["stale"] == ["roads"]
    twin("tiles", "build")
    next(iter((home / "tiles" / site / "roads").glob("*.glb"))).write_bytes(b"glTF")
    assert twin("tiles", "check").code == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://twin:geheim@db.intranet/twin", "postgresql+psycopg://twin:***@db.intranet/twin"),
        ("postgresql+psycopg://db.intranet/twin?password=geheim", "postgresql+psycopg://db.intranet/twin"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    from twin.queries.status import _without_password

    assert _without_password(url) == shown


def test_words_and_document_are_about_the_same_run(twin: Twin, site: str, files: Files) -> None:
    done = twin("import", "city", files.roads, "--site", site, words=True)
    assert done.stdout.startswith("roads@1 imported in ")
    assert "GROUND_MISSING: 1" in done.stdout
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.stdout)
    assert twin("import", "city", files.dem, "--site", site, words=True).stdout.splitlines()[-1] == "  laid on it again: roads@2"


def test_status_tells_what_is_live_while_it_runs_and_after(twin: Twin, site: str, home: Path) -> None:
    assert twin("status").document["live"] == {"hub": {"state": "none"}, "checkpoint": None, "gateways": [], "snapshots": []}
    with a_running_hub(home, moving("t", 1, {"闽A1": (LON, LAT)})):
        facts = {
            "host": "127.0.0.1",
            "port": 7808,
            "protocol": "jt808",
            "terminals": 3,
            "connected": ["1"],
            "findings": {"PAYLOAD_INVALID": 2},
        }
        (home / "history" / "gateways").mkdir()
        Control(home / "history", "jt808-7808", {}).tell(facts, now_us=time.time_ns() // 1000)
        states, elsewhere = {"kept": 4, "missed": 0, "refused": 2}, {"south": {"batches": 7, "at": None}}
        batches = {"committed": 7, "refused": 0, "gateways": elsewhere}
        counts = {"broker": True, "shared": False, "messages": 1200, "committed": 1199, "repeated": 1, "batches": batches, "states": states}
        bus = {"host": "bus", "port": 1883, "protocol": "mqtt", "held": "INLET_GONE: the hub does not answer", "statistics": counts}
        Control(home / "history", "mqtt-twin", {}).tell(bus, now_us=time.time_ns() // 1000)
        live = twin("status").document["live"]
        assert (live["hub"]["state"], live["hub"]["position"], live["hub"]["waiting"], live["hub"]["devices"]) == ("running", 1, 0, 1)
        said = twin("status", words=True).stdout
        assert "live: the hub runs; 1 device, journal applied up to 1, 0 records wait" in said
        assert "gateway jt808-7808 (127.0.0.1:7808): 1 of 3 terminals connected" in said
        assert "PAYLOAD_INVALID: 2" in said
        told = "broker connected, 1,200 messages, 1,199 committed, 7 batches of south; 4 states told, 2 not taken"
        assert f"gateway mqtt-twin (bus:1883): {told}\n    acknowledges nothing now: INLET_GONE" in said
    after = twin("status").document["live"]
    assert (after["hub"]["state"], after["checkpoint"]["position"]) == ("away", 1)
    assert "the hub does not answer" in twin("status", words=True).stdout
