"""The process that holds the scene: asked by others, started again where it dies, replaced where the scene is another."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twin.api.seen import Watched, camera_line, watched
from tests.twin.files import SITE, Files
from twin.errors import Invalid, NotFound, NotReady, TwinError, error_of
from twin.queries.sight.holder import HolderClient, Keeper
from twin.queries.sight.holder.wire import WireBroken, read_frame

pytestmark = pytest.mark.usefixtures("sight_library")
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Iterator[Watched]:
    office = watched(tmp_path_factory.mktemp("held"), files.office)
    x, y, z = office.spot("100")
    office.cameras([camera_line("C1", (x - 6.0, y, z + 2.3), 90.0)])
    yield office
    office.store.close()


@pytest.fixture(scope="module")
def keeper(office: Watched) -> Iterator[Keeper]:
    keeper = Keeper({"TWIN_HOME": str(office.settings.home)})
    keeper.start()
    yield keeper
    keeper.stop()


def answered(client: HolderClient, question: dict[str, Any], until: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
    """The first answer that is as wanted; the holder may be starting or be replaced meanwhile."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            document: dict[str, Any] = json.loads(client.ask("visible", SITE.code, None, question))
            if until(document):
                return document
        except NotReady as error:
            assert error.retry_s > 0
        assert time.monotonic() < ends, "no such answer"
        time.sleep(0.1)


def test_one_process_answers_lives_on_after_a_kill_and_gives_way_to_newer_triangles(office: Watched, keeper: Keeper) -> None:
    client = HolderClient(keeper.path)
    question = {"targets": [{"feature": str(office.rooms["100"].id)}]}
    first = answered(client, question)
    assert [one["camera"] for one in first["targets"][0]["cameras"]] == ["camera:C1"]
    for wrong, kind in (({"targets": [{"feature": "house:never"}]}, NotFound), ({"targets": [{}]}, Invalid)):
        with pytest.raises(kind):
            client.ask("visible", SITE.code, None, wrong)
    with pytest.raises(NotReady) as taken:
        client.ask("coverage", SITE.code, None, {"step_m": 0.1}, gone=lambda: True)
    assert taken.value.code == "SIGHT_CANCELLED"
    assert answered(client, question) == first, "a question that was taken back leaves the holder as it was"
    x, y, z = office.spot("100")
    office.cameras([camera_line("C1", (x - 6.0, y, z + 2.3), 270.0)])
    turned = json.loads(client.ask("visible", SITE.code, None, question))
    assert turned["targets"][0]["cameras"] == [] and turned["drawn"] == first["drawn"], "a camera costs no new triangles"
    killed = keeper.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert answered(client, question, lambda _: keeper.pid != killed)["drawn"] == first["drawn"]
    before = keeper.pid
    office.relabel({str(office.rooms["101"].id): "restricted"}, note="later")
    meanwhile = json.loads(client.ask("visible", SITE.code, None, question))
    assert meanwhile["outdated"] is True and meanwhile["drawn"] == first["drawn"]
    after = answered(client, question, lambda document: not document["outdated"])
    assert after["scene_revision"] > first["scene_revision"] and keeper.pid != before
    assert client.ask("coverage", SITE.code, frozenset({"public"}), {"blind": False})
    keeper.stop()
    assert not keeper.path.exists()
    with pytest.raises(NotReady):
        client.ask("visible", SITE.code, None, question)
    client.close()


def test_a_worker_does_not_load_the_library(office: Watched) -> None:
    code = "import sys; from twin.api.app import app_from_environment; app_from_environment(); assert 'open3d' not in sys.modules"
    environment = {**os.environ, "TWIN_HOME": str(office.settings.home), "TWIN_SIGHT_SOCKET": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_only_the_thread_that_builds_steps_back() -> None:
    import threading

    from twin.queries.sight.holder.process import BUILDING_NICE, _be_patient

    found: list[int] = []

    def build() -> None:
        _be_patient()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    before = os.getpriority(os.PRIO_PROCESS, 0)
    building = threading.Thread(target=build)
    building.start()
    building.join(30)
    assert found == [BUILDING_NICE]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_frames_too_long_or_cut_off_are_refused_and_errors_keep_their_kind() -> None:
    import socket

    near, far = socket.socketpair()
    near.sendall(b"\x00\x00\x00\x09too long!")
    with pytest.raises(WireBroken):
        read_frame(far, 8)
    near.close()
    far.close()
    near, far = socket.socketpair()
    near.sendall(b"\x00\x00\x00\x09cut")
    near.close()
    with pytest.raises(WireBroken):
        read_frame(far, 100)
    far.close()
    facts = {"class": "NotReady", "code": "SIGHT_BUSY", "message": "m", "path": "", "hint": "h", "retry_s": 7}
    back = error_of(facts)
    assert isinstance(back, NotReady) and (back.code, back.retry_s, back.hint) == ("SIGHT_BUSY", 7, "h")
    assert type(error_of({**facts, "class": "os"})) is TwinError


def test_what_is_kept_on_disk_is_what_was_built_and_a_broken_file_is_made_anew(office: Watched, tmp_path: Path) -> None:
    from twin.queries.sight.kept import find_kept, write_kept
    from twin.queries.sight.site import drawn_state, read_drawn

    state = drawn_state(office.store, SITE.code)
    built = read_drawn(office.store, office.settings, SITE.code)
    file = office.settings.home / "sight" / f"{SITE.code}.npz"
    kept = find_kept(file, state)
    assert kept is not None and kept.collected.ids == built.scene.ids and kept.collected.triangles == built.scene.triangles
    assert [(one.id, one.kind, one.floor_z, one.within) for one in kept.areas] == [
        (one.id, one.kind, one.floor_z, one.within) for one in built.areas
    ]
    assert all(one.outline.equals_exact(other.outline, 0) for one, other in zip(kept.areas, built.areas, strict=True))
    assert kept.called == built.called and find_kept(file, ()) is None
    broken = tmp_path / "broken.npz"
    write_kept(broken, state, kept)
    broken.write_bytes(broken.read_bytes()[:2000])
    assert find_kept(broken, state) is None and find_kept(tmp_path / "none.npz", state) is None
