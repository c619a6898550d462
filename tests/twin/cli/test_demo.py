"""`twin demo`: once, again, and over another demo."""

from pathlib import Path

import pytest

from tests.twin.cli.conftest import Twin
from tests.twin.files import SITE, Files
from twin import demo as generator
from twin.demo import DemoFiles


def of(files: Files, model: Path) -> DemoFiles:
    return DemoFiles(site=SITE, models={"office": model}, city=files.dem_higher, layers=files.roads, terrain=files.dem)


def test_a_second_demo_changes_nothing_and_another_one_is_refused(twin: Twin, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "written_demo", lambda *_, **__: of(files, files.office))
    first = twin("demo")
    assert (first.code, len(first.document["imports"])) == (3, 4)
    before = twin("status").document
    again = twin("demo")
    assert [layer["built"] for layer in again.document["tiles"]["layers"]] == [False, False, False]
    assert twin("status").document == before
    monkeypatch.setattr(generator, "written_demo", lambda *_, **__: of(files, files.other_office))
    other = twin("demo", "--seed", "9")
    assert (other.code, other.error["code"]) == (1, "DEMO_DIFFERS")
    assert twin("status").document == before
