"""`make run` where the demo stands already: the page is served and nothing is built (a fresh clone is tried every night)."""

import json

from tests.chain.making import ENVIRONMENT, ROOT, answer, made_to_run, state_of
from tests.homes import Home


def test_make_run_serves_the_page_of_a_demo_that_is_there_and_builds_nothing(demo_home: Home) -> None:
    before = state_of(demo_home.folder)
    own = {
        "TWIN_HOME": str(demo_home.folder),
        "TWIN_MESHES_DIR": str(demo_home.meshes),
        "LIVE": "0",
    }  # nobody else's test shall see it live
    with made_to_run(ROOT, "compound", ENVIRONMENT | own) as (address, said):
        assert "<html" in answer(f"{address}/", "text/html")
        assert [site["code"] for site in json.loads(answer(f"{address}/sites", "application/json"))["sites"]] == ["pingshan"]
        assert "0 of 6 files imported" in said
    assert state_of(demo_home.folder) == before
