"""Import of models: the same bytes once, keys, what a killed or a second import leaves."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

import bim
from bim import Anchor
from tests.bim.ifc_builder import IfcBuilder
from tests.twin.files import SITE, Files
from tests.twin.imports.conftest import NOW, Home
from tests.twin.processes import PROCESSES
from twin.assemble import build_tiles
from twin.auth import LabelPolicy
from twin.errors import ModelKeyTaken, Refused
from twin.imports.city import import_city
from twin.imports.model import import_bim
from twin.settings import Settings
from twin.store import Store

ANCHOR = Anchor(lon=SITE.lon, lat=SITE.lat, height_m=30.0, heading_deg=0.0)


def names(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}


def test_the_same_bytes_are_the_same_revision_under_any_file_name(home: Home, files: Files, tmp_path: Path) -> None:
    once = home.bim(files.office)
    again = home.bim(files.office)
    copy = tmp_path / "copy.ifc"
    copy.write_bytes(files.office.read_bytes())
    renamed = home.bim(copy, key="office")
    assert (once.added, again.added, renamed.added) == (True, False, False)
    assert once.document == again.document == renamed.document
    assert home.store.scene_revision(home.site) == 1


def test_one_file_may_be_two_models(home: Home, files: Files) -> None:
    home.bim(files.office, key="east")
    home.bim(files.office, key="west")
    assert [row.name for row in home.store.list_models(home.site)] == ["east@1", "west@1"]
    assert len(names(home.settings.models_dir)) == 1


def test_a_later_export_is_the_next_revision_and_others_need_a_key(home: Home, files: Files) -> None:
    home.bim(files.office)
    assert home.bim(files.office_later, key="office").document["revision"] == "office@2"
    with pytest.raises(ModelKeyTaken):
        home.bim(files.other_office, key="office")
    with pytest.raises(ModelKeyTaken):
        home.city(files.roads, key="office")


def test_a_name_without_a_latin_letter_needs_a_key(home: Home, files: Files, tmp_path: Path) -> None:
    chinese = tmp_path / "主楼.ifc"
    chinese.write_bytes(files.office.read_bytes())
    with pytest.raises(Refused) as refused:
        home.bim(chinese)
    assert refused.value.code == "MODEL_KEY_MISSING"
    assert home.bim(chinese, key="main").document["file"] == "主楼.ifc"


def test_lost_meshes_and_originals_come_back_with_the_same_bytes(home: Home, files: Files) -> None:
    home.city(files.roads)
    home.bim(files.office, anchor=ANCHOR)
    for folder in (home.settings.meshes_dir, home.settings.models_dir):
        for path in folder.iterdir():
            path.unlink()
    assert not home.city(files.roads).added
    assert not home.bim(files.office).added
    assert [layer["built"] for layer in build_tiles(home.store, home.settings, home.site)["layers"]] == [True, True]


def test_elements_that_ran_out_of_time_are_tried_again_under_another_budget_only(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = IfcBuilder()
    builder.box("IfcWall", "wall", (0, 0, 0), (4, 0.2, 3), builder.storey)
    path, patient = builder.write(tmp_path / "office.ifc"), home.settings
    home.settings = patient.model_copy(update={"geometry_budget_s": 1e-4})
    hurried = home.bim(path)
    assert hurried.document["issues"]["GEOMETRY_TIMEOUT"] > 0
    assert hurried.document["elements"]["failed"] > 0
    with monkeypatch.context() as unread:
        unread.setattr(bim, "read_model", None)
        assert not home.bim(path).added

    home.settings = patient
    again = home.bim(path)
    assert (again.added, again.document["revision"], again.document["elements"]["failed"]) == (True, "office@2", 0)
    assert "GEOMETRY_TIMEOUT" not in again.document["issues"]
    assert not home.bim(path).added


def test_two_sites_in_one_home_keep_their_own_meshes(home: Home, files: Files) -> None:
    home.store.add_site(replace(SITE, code="t", lon=SITE.lon + 0.001), now=NOW)
    home.city(files.roads)
    before = build_tiles(home.store, home.settings, home.site)
    other = import_city(home.store, home.settings, files.roads, site="t", who="test", now=NOW)
    assert other.added
    first, second = (home.store.current_revision(code, "roads") for code in (home.site, "t"))
    assert first is not None
    assert second is not None
    assert first.mesh_pack != second.mesh_pack
    (home.settings.tiles_dir / home.site / "roads" / "layer.json").unlink()
    assert build_tiles(home.store, home.settings, home.site)["layers"][0]["bytes"] == before["layers"][0]["bytes"]


def test_features_get_the_default_label_of_their_site(home: Home, files: Files) -> None:
    home.store.add_site(replace(SITE, code="secret"), now=NOW, policy=LabelPolicy(labels=("internal", "restricted"), default="internal"))
    import_bim(home.store, home.settings, files.office, site="secret", who="test", now=NOW)
    import_city(home.store, home.settings, files.roads, site="secret", who="test", now=NOW)
    assert {row.feature.label for row in home.store.features("secret", None)} == {"internal"}


def test_imports_of_one_file_at_once_leave_one_revision(home: Home, files: Files) -> None:
    children = [PROCESSES.Process(target=_import, args=(home.settings, files)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert [row.name for row in home.store.list_models(home.site)] == ["office@1", "roads@1"]
    assert [layer["built"] for layer in build_tiles(home.store, home.settings, home.site)["layers"]] == [True]
    for folder in (home.settings.models_dir, home.settings.meshes_dir):
        assert not [name for name in names(folder) if name.startswith(".") or name.endswith(".part")]


@pytest.mark.parametrize("stage", ["read", "recorded"])
def test_an_import_killed_anywhere_leaves_nothing_that_the_next_one_does_not_mend(
    home: Home, files: Files, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = PROCESSES.Event()
    victim = PROCESSES.Process(target=_import_and_stop, args=(home.settings, files, stage, reached))
    victim.start()
    assert reached.wait(60)
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    victim.join(30)
    assert victim.exitcode == -signal.SIGKILL
    assert home.store.list_models(home.site) == []
    assert home.store.counts(home.site, None) == {}
    done = home.city(files.roads)
    assert (done.added, done.document["revision"]) == (True, "roads@1")
    assert not [name for name in names(home.settings.models_dir) if name.startswith(".")]


def _import(settings: Settings, files: Files) -> None:
    with Store.open(settings.database_url) as store:
        import_city(store, settings, files.roads, site=SITE.code, who="test", now=NOW)
        import_bim(store, settings, files.office, site=SITE.code, who="test", now=NOW)
    os._exit(0)


def _import_and_stop(settings: Settings, files: Files, stage: str, reached: Event) -> None:
    """Import, and stand still while the file is read, or with all rows in and the transaction open."""

    def stop(*_: object) -> None:
        reached.set()
        time.sleep(60)

    import twin.store.record as record

    if stage == "recorded":
        record.count_change = stop
    with Store.open(settings.database_url) as store:
        import_city(store, settings, files.roads, site=SITE.code, who="test", now=NOW, progress=_pick(stage, stop))


def _pick(stage: str, stop: Callable[..., None]) -> Callable[[int, int], None] | None:
    return stop if stage == "read" else None
