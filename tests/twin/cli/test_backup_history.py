"""A backup of a home whose hub goes on: restored elsewhere, moments and incidents answer the same."""

import stat
import time
from datetime import date
from pathlib import Path

import pytest

from tests.twin.cli.conftest import Twin
from tests.twin.hub.devices import LAT, LON, moving
from tests.twin.hub.running import a_running_hub
from twin.codes import shipped_tables
from twin.history.retention import read_retention
from twin.history.tracks import Tracks
from twin.incidents import AlarmKinds, Asked, EventFile, IncidentReader
from twin.queries.live.service import OpenHub
from twin.queries.live.terminals import read_secret
from twin.settings import Settings

NOW_US = time.time_ns() // 1000
SECOND = 1_000_000


def moment(opened: OpenHub) -> list[object]:
    """Where everything was, of what files hold and of what the hub holds yet."""
    tracks = Tracks(opened.folder, retention=read_retention(), recent=opened.recording.positions.shelf.recent)
    points = tracks.at(NOW_US)
    return sorted(zip((points.devices[handle] for handle in points.handle.tolist()), points.lon_lat.tolist(), strict=True))


def incidents(home: Path) -> list[object]:
    kinds = AlarmKinds.on(shipped_tables(), date(2026, 11, 27))
    with EventFile.open_reading(home / "history" / "events.sqlite") as file:
        page = IncidentReader(file, kinds).page(Asked(), lambda *_: True)
        return [(view.id, view.status.value, view.counts, view.since_us, view.until_us) for view in page.views]


def test_a_backup_taken_while_the_hub_runs_answers_the_same_elsewhere(
    twin: Twin, site: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = [
        moving(
            "t", n, {f"V{car}": (LON + n * 1e-6, LAT + car * 1e-3) for car in range(5)}, at_us=NOW_US - (9 - n) * SECOND, alarm=n in (2, 8)
        )
        for n in range(1, 9)
    ]
    read_secret(home / "history" / "terminal.key")
    with a_running_hub(home, *batches[:4]):
        pass
    with a_running_hub(home, *batches[4:]) as opened:
        assert twin("backup", tmp_path / "kept").code == 0
        told, happened = moment(opened), incidents(home)
        assert twin("restore", tmp_path / "kept", "--replace").error["code"] == "STORE_BUSY"
    assert len(told) == 5
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "new"))
    assert twin("restore", tmp_path / "kept").code == 0
    again = OpenHub.open(Settings(home=tmp_path / "new"))
    assert moment(again) == told
    assert (again.applier.position, again.told) == (8, [])
    again.close()
    assert incidents(tmp_path / "new") == happened != []
    key = tmp_path / "new" / "history" / "terminal.key"
    assert (key.read_bytes(), stat.S_IMODE(key.stat().st_mode)) == ((home / "history" / "terminal.key").read_bytes(), 0o600)
    assert twin("restore", tmp_path / "kept", "--replace").code == 0
