"""A newcomer's first minutes, every night: clone, `make run`, look at the page, stop, `make run` again."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.chain.making import ROOT, answer, made_to_run, state_of

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere") / "a clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    return folder


def test_make_run_in_a_fresh_clone_serves_the_page_and_the_second_start_builds_nothing(clone: Path) -> None:
    with made_to_run(clone, "small") as (address, _):
        assert "<html" in answer(f"{address}/", "text/html")
        assert [site["code"] for site in json.loads(answer(f"{address}/sites", "application/json"))["sites"]] == ["pingshan"]
    first = state_of(clone / "twin-home")
    assert any(name.endswith("tileset.json") for name in first)

    with made_to_run(clone, "small") as (address, said):
        assert "<html" in answer(f"{address}/", "text/html")
        assert "setup:" not in said
        assert "0 of 6 files imported" in said
    assert state_of(clone / "twin-home") == first
