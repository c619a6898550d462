"""`twin backup`, `restore`, `upgrade` as commands: what they say, their exit codes, and a home that works after them."""

from pathlib import Path

import pytest

from tests.twin.cli.conftest import Twin
from tests.twin.files import Files


def test_a_home_comes_back_from_its_backup_and_builds_the_same_tiles(
    twin: Twin, site: str, files: Files, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin("import", "city", files.dem, files.roads, "--site", site)
    twin("key", "add", "gate", "--role", "viewer")
    built = twin("tiles", "build").document
    done = twin("backup", tmp_path / "kept")
    assert (done.code, done.document["files"], done.document["issues"]) == (0, 5, [])
    assert done.document["revision"]["sites"] == {site: 2}
    assert twin("backup", tmp_path / "kept").error["code"] == "BACKUP_FOLDER_TAKEN"
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "new"))
    restored = twin("restore", tmp_path / "kept").document
    assert (restored["live_keys"], restored["replaced"], restored["backup"]["rows"]["site"]) == (["gate"], None, 1)
    assert [step for step in twin("status").document["next"] if "tiles build" in step] == [f"twin tiles build --site {site}"]
    again = twin("tiles", "build").document
    assert [layer["key"] for layer in again["sites"][0]["layers"]] == [layer["key"] for layer in built["sites"][0]["layers"]]
    assert twin("tiles", "check").document == {"checked": 2, "issues": []}
    assert twin("import", "city", files.roads, "--site", site).code == 0
    assert twin("status").document["sites"][0]["scene_revision"] == 2
    assert twin("restore", tmp_path / "kept").error["code"] == "HOME_NOT_EMPTY"
    replaced = twin("restore", tmp_path / "kept", "--replace", words=True)
    assert (replaced.code, "what was there before" in replaced.stdout, "gate" in replaced.stdout) == (0, True, True)


def test_a_backup_of_a_home_that_lost_a_file_is_taken_and_told(twin: Twin, site: str, files: Files, home: Path, tmp_path: Path) -> None:
    twin("import", "city", files.roads, "--site", site)
    next((home / "models").iterdir()).unlink()
    done = twin("backup", tmp_path / "kept")
    assert (done.code, [issue["code"] for issue in done.document["issues"]]) == (3, ["ORIGINAL_LOST"])


def test_what_is_no_backup_changes_nothing(twin: Twin, home: Path, tmp_path: Path) -> None:
    assert twin("restore", tmp_path / "nowhere").error["code"] == "BACKUP_NOT_FOUND"
    (tmp_path / "folder").mkdir()
    assert twin("restore", tmp_path / "folder").error["code"] == "BACKUP_UNFINISHED"
    assert not home.exists()
    assert twin("backup", tmp_path / "kept").error["code"] == "NOTHING_TO_BACK_UP"


def test_an_upgrade_of_what_is_up_to_date_does_nothing(twin: Twin, site: str) -> None:
    for arguments in (["--dry-run"], []):
        document = twin("upgrade", *arguments).document
        assert (document["steps"], document["backup"], document["upgraded"]) == ([], None, False)
    assert "up to date" in twin("upgrade", words=True).stdout
