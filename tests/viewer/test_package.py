"""The viewer as a package: where the page is, what its lock file names, what the built page refers to."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import viewer
from twin.codes import list_kinds
from viewer import NotBuilt, static_dir

WEB = Path(viewer.__file__).parent / "web"
ROOT = WEB.parents[1]


@pytest.fixture(scope="module")
def static() -> Path:
    """The built page; `make setup` builds it before any test runs."""
    return static_dir()


def test_an_unbuilt_page_is_an_error_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "STATIC", tmp_path)
    with pytest.raises(NotBuilt, match=r"index\.html") as caught:
        static_dir()
    assert "make setup" in caught.value.hint
    assert caught.value.folder == tmp_path


def test_no_folder_of_the_page_has_the_address_of_a_register(static: Path) -> None:
    folders = {path.name for path in static.iterdir() if path.is_dir()}
    assert "page" in folders
    assert folders & {kind.plural for kind in list_kinds()} == set()


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert [name for name, package in lock["packages"].items() if name and "integrity" not in package] == []


def test_versions_that_the_page_was_measured_with_are_pinned() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    versions = package["dependencies"] | package["devDependencies"]
    assert {name: version for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+(-[\w.]+)?", version)} == {}
    assert versions["@cesium/engine"] == "24.0.0"


def test_the_built_page_needs_no_inline_script_or_style(static: Path) -> None:
    page = (static / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page) == []
    assert "<style" not in page
    assert not re.search(r"\sstyle=|\son\w+=", page)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert (static / address.lstrip("/")).is_file(), address


def test_what_cesium_asks_for_by_address_is_shipped(static: Path) -> None:
    for name in ("Workers/transferTypedArrayTest.js", "ThirdParty/draco_decoder.wasm", "Assets/approximateTerrainHeights.json"):
        assert (static / "cesium" / name).is_file()
    assert list((static / "cesium" / "Assets" / "IAU2006_XYS").glob("*.json"))


def test_the_wheel_carries_the_built_page_and_not_its_sources(static: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("pingshan_twin-*.whl"))) as wheel:
        names = wheel.namelist()
    assert {f"viewer/static/{path.relative_to(static)}" for path in static.rglob("*") if path.is_file()} <= set(names)
    assert not [name for name in names if name.startswith("viewer/web/")]
    assert "twin/store/migrations/env.py" in names
