"""Whatever goes wrong: one JSON document on stdout, the exit code of the contract, words with a way on."""

import errno
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.twin.cli.conftest import Twin
from tests.twin.files import ANCHOR, SITE_ARGUMENTS, Files
from twin.imports import originals


def kept(home: Path) -> set[str]:
    """The files of a home but the database and what geometry workers cached."""
    found = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    return {name for name in found if name.startswith("models/")}


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("site", "add"),
        ("site", "add", "x", "--name", "n", "--origin", "119,26", "--crs", "EPSG:4549"),
        ("site", "add", "x", "--name", "n", "--origin", "26.09,119.29,30", "--crs", "EPSG:4549"),
        ("site", "add", "x", "--name", "n", "--origin", "nan,26.09,30", "--crs", "EPSG:4549"),
        ("site", "add", "x", "--name", "n", "--origin", "119,26,30", "--crs", "EPSG:4549", "--radius-m", "-1"),
        ("site", "add", "x", "--name", "n", "--origin", "119,26,30", "--crs", "EPSG:4549", "--geoid-separation", "nan"),
        ("import", "bim", "a.ifc"),
        ("import", "bim", "a.ifc", "--site", "s", "--anchor", "1,2,3"),
        ("import", "bim", "a.ifc", "--site", "s", "--anchor", "26.09,119.29,3,0"),
        ("import", "bim", "a.ifc", "--site", "s", "--anchor-point", "1,2,3"),
        ("import", "bim", "a.ifc", "b.ifc", "--site", "s", "--model", "k"),
        ("import", "city", "a.gpkg", "--site", "s", "--force-crs"),
        ("import", "plan", "a.dxf", "--site", "s", "--building", "b"),
        ("import", "plan", "a.dxf", "--site", "s", "--building", "b", "--storey", "1", "--unit", "inch"),
        ("import", "plan", "a.dxf", "--site", "s", "--building", "b", "--storey", "1", "--anchor", "119,26"),
        ("import", "plan", "a.dxf", "--site", "s", "--building", "b", "--storey", "1", "--anchor-point", "1,2"),
        ("serve", "--port", "70000"),
        ("demo", "--scale", "galaxy"),
        ("demo", "--port", "1"),
    ],
)
def test_a_wrong_command_line_is_a_document_and_exit_2(twin: Twin, home: Path, arguments: tuple[str, ...]) -> None:
    done = twin(*arguments)
    assert done.code == 2
    assert done.error["code"] == "USAGE_WRONG"
    assert done.error["hint"].startswith("twin")
    assert not home.exists()


@pytest.mark.parametrize(
    ("kind", "file", "code"),
    [
        ("bim", "nothing.ifc", "FILE_NOT_FOUND"),
        ("bim", ".", "FILE_NOT_FOUND"),
        ("bim", "truncated", "IFC_TRUNCATED"),
        ("bim", "junk_ifc", "IFC_HEADER_INVALID"),
        ("bim", "roads", "IFC_HEADER_INVALID"),
        ("city", "nothing.gpkg", "FILE_NOT_FOUND"),
        ("city", ".", "FILE_NOT_FOUND"),
        ("city", "junk_gpkg", "CITY_FILE_INVALID"),
        ("city", "junk_tif", "CITY_FILE_INVALID"),
        ("city", "office", "CITY_FILE_INVALID"),
        ("city", "roads_without_crs", "CRS_MISSING"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named_and_leaves_nothing(
    twin: Twin, site: str, home: Path, files: Files, kind: str, file: str, code: str
) -> None:
    path = getattr(files, file, Path(file))
    done = twin("import", kind, path, "--site", site)
    assert (done.code, done.error["code"], done.error["path"]) == (1, code, str(path))
    assert done.error["hint"]
    assert str(home) not in done.error["message"]
    assert kept(home) == set()
    assert twin("status").document["sites"][0]["models"] == []


def test_another_crs_than_the_file_states_is_refused_until_forced(twin: Twin, site: str, files: Files) -> None:
    refused = twin("import", "city", files.dem, "--site", site, "--crs", "EPSG:4326")
    assert (refused.code, refused.error["code"]) == (1, "CRS_DISAGREES")
    assert "dem.tif" in refused.error["message"]
    assert twin("import", "city", files.dem, "--site", site, "--crs", "EPSG:4549+5737", "--force-crs").code == 0
    assert twin("import", "city", files.roads, "--site", site).document["ground"] == "dem@1"


def test_an_unknown_site_is_said_once_for_many_files(twin: Twin, site: str, files: Files) -> None:
    done = twin("import", "bim", files.office, files.other_office, "--site", "nowhere")
    assert (done.code, done.error["code"]) == (1, "SITE_UNKNOWN")
    assert "refused" not in done.document
    assert twin("tiles", "build", "--site", "nowhere").error["code"] == "SITE_UNKNOWN"


def test_a_site_without_geoid_separation_refuses_a_1985_height(twin: Twin, files: Files) -> None:
    twin("site", "add", "bare", *SITE_ARGUMENTS[:-2])
    done = twin("import", "city", files.dem, "--site", "bare")
    assert (done.code, done.error["code"]) == (1, "HEIGHT_DATUM_UNKNOWN")
    assert "geoid-separation" in done.error["hint"]


def test_another_model_under_the_same_key_is_refused(twin: Twin, site: str, home: Path, files: Files) -> None:
    twin("import", "bim", files.office, "--site", site)
    before = kept(home)
    done = twin("import", "bim", files.other_office, "--site", site, "--model", "office")
    assert (done.code, done.error["code"]) == (1, "MODEL_KEY_TAKEN")
    assert "--model" in done.error["hint"]
    assert kept(home) == before


def test_a_setting_out_of_range_is_named(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_PORT", "99999")
    done = twin("status")
    assert (done.code, done.error["code"], done.error["path"]) == (1, "SETTING_INVALID", "TWIN_PORT")


def test_a_home_that_cannot_be_made_is_named(twin: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "file" / "home"))
    done = twin("status")
    assert (done.code, done.error["code"]) == (1, "FILE_ERROR")
    assert done.error["path"] == str(tmp_path / "file" / "home")


def test_a_database_that_is_none_is_a_clean_refusal(twin: Twin, home: Path) -> None:
    home.mkdir()
    (home / "records.sqlite").write_bytes(b"not a database, " * 100)
    assert twin("status").error["code"] == "STORE_UNAVAILABLE"


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "DISK_FULL"), (errno.EACCES, "NOT_WRITABLE"), (errno.EIO, "FILE_ERROR")])
def test_a_disk_that_refuses_is_a_refusal_and_the_next_import_goes_through(
    twin: Twin, site: str, home: Path, files: Files, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def fail(_source: Path, target: Path) -> Path:
        raise OSError(number, os.strerror(number), str(target))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", fail)
        done = twin("import", "city", files.dem, "--site", site)
    assert (done.code, done.error["code"]) == (1, code)
    assert kept(home) == set()
    assert twin("import", "city", files.dem, "--site", site).code == 0


def test_records_on_a_full_disk_are_a_refusal(twin: Twin, site: str, home: Path, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = sqlite3.connect(home / "records.sqlite").execute("PRAGMA page_count").fetchone()[0]
    monkeypatch.setattr("twin.store.database.PRAGMAS", (*_pragmas(), f"max_page_count = {pages}"))
    done = twin("import", "bim", files.office, "--site", site)
    assert (done.code, done.error["code"]) == (1, "STORE_UNAVAILABLE")
    assert "full" in done.error["message"]
    monkeypatch.undo()


def _pragmas() -> tuple[str, ...]:
    from twin.store.database import PRAGMAS

    return PRAGMAS


def test_a_fault_of_the_program_is_a_document_too(twin: Twin, site: str, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> str:
        raise KeyError("a bug")

    monkeypatch.setattr(originals, "sha256_of", broken)
    done = twin("import", "city", files.dem, "--site", site)
    assert (done.code, done.error["code"]) == (1, "INTERNAL_ERROR")
    assert "Traceback" in done.stderr


def test_of_several_files_the_good_ones_are_imported_and_the_bad_ones_named(twin: Twin, site: str, files: Files) -> None:
    done = twin("import", "bim", files.truncated, files.office, files.junk_ifc, "--site", site)
    assert done.code == 3
    assert [item["revision"] for item in done.document["imports"]] == ["office@1"]
    assert [(entry["code"], entry["path"]) for entry in done.document["refused"]] == [
        ("IFC_TRUNCATED", str(files.truncated)),
        ("IFC_HEADER_INVALID", str(files.junk_ifc)),
    ]
    none = twin("import", "bim", files.truncated, files.junk_ifc, "--site", site)
    assert (none.code, none.error["code"], len(none.document["refused"])) == (1, "IFC_TRUNCATED", 2)


def test_words_for_people_go_to_stderr_and_keep_their_brackets(twin: Twin, site: str, files: Files) -> None:
    done = twin("import", "city", "[red]no[/red].gpkg", "--site", site, words=True)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == ["refused FILE_NOT_FOUND: [red]no[/red].gpkg does not exist", "  → check the path"]


def test_what_a_library_prints_does_not_reach_stdout(twin: Twin, site: str, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def noisy(path: Path) -> str:
        os.write(1, b"debug text of a library\n")
        return path.name

    monkeypatch.setattr(originals, "sha256_of", noisy)
    done = twin("import", "city", files.junk_gpkg, "--site", site)
    assert done.error["code"] == "CITY_FILE_INVALID"
    assert "debug text" in done.stderr


def test_a_port_that_is_taken_and_an_address_without_keys_are_refused(twin: Twin) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = twin("serve", "--port", taken.getsockname()[1])
    assert (done.code, done.error["code"]) == (1, "PORT_TAKEN")
    for host in ("0.0.0.0", "192.0.2.1", "compound.example"):
        assert twin("serve", "--host", host).error["code"] == "HOST_NEEDS_KEYS"


def test_an_anchored_model_stays_anchored_until_told_otherwise(twin: Twin, site: str, files: Files) -> None:
    waiting = twin("import", "bim", files.office, "--site", site)
    assert (waiting.code, waiting.document["georeference"]["verdict"]) == (3, "needs_anchor")
    anchored = twin("import", "bim", files.office, "--site", site, "--anchor", ANCHOR)
    assert (anchored.code, anchored.document["georeference"]["verdict"]) == (0, "anchored")
    again = twin("import", "bim", files.office, "--site", site)
    assert (again.code, again.document) == (0, anchored.document)
    own = twin("import", "bim", files.office, "--site", site, "--anchor", "none")
    assert (own.code, own.document["georeference"]["verdict"]) == (3, "needs_anchor")
    assert own.document["anchor_before"]["revision"] == "office@2"
    later = twin("import", "bim", files.office_later, "--site", site, "--model", "office", words=True)
    assert later.code == 3
    assert "office@2 stood at --anchor 119.2946,26.0896,30.0,0.0 --anchor-point 0.0,0.0,0.0" in later.stdout
