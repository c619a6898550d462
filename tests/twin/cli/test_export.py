"""`twin export` on the catalogue of docs/sharing.md, as a user has it."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.homes import Home, new_home
from tests.twin.queries.town import Town
from tests.twin.store.builder import SITE, boxes, new_revision, relabelled, tower
from twin.auth import LabelPolicy
from twin.queries.share.masks import MASKS
from twin.queries.share.terms import FORMATS, SHARING
from twin.store import Store

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "sharing.md").read_text("utf-8")
NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a tower, assets, and the catalogue of the documents."""
    found = new_home(tmp_path_factory.mktemp("export"))
    with Store.open(f"sqlite:///{found.folder / 'records.sqlite'}") as store:
        store.migrate()
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        features = relabelled(tower(), {"tower:r10-1": "restricted"})
        store.record_revision(new_revision("a" * 64), features, boxes(features), [], [], now=NOW)
        Town(store, found.folder, assets=20)
    (catalogue,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (found.folder / "catalogue.toml").write_text(catalogue, encoding="utf-8")
    return found


def test_the_catalogue_of_the_documents_is_sound_shared_verified_and_listed(home: Home) -> None:
    catalogue, out = home.folder / "catalogue.toml", home.folder / "out"
    checked = home.run_here("export", "check", catalogue)
    assert (checked.code, checked.document["issues"]) == (0, [])
    done = home.run_here("export", "share", catalogue, "--receiver", "finance", "-o", out)
    assert done.code == 0, done.document
    assets, rooms = done.document["datasets"]
    assert assets["package"]["counts"]["total"] > 0 and rooms["package"]["kind"] == "full" and (out / "finance" / "rooms").is_dir()
    again = home.run_here("export", "share", catalogue, "--receiver", "finance", "-o", out)
    assert again.code == 0 and [one["changed"] for one in again.document["datasets"]] == [False, False]
    verified = home.run_here("export", "verify", out)
    assert (verified.code, len(verified.document["datasets"])) == (0, 2)
    listed = home.run_here("export", "list", "--receiver", "finance", "--limit", "1").document
    assert len(listed["exports"]) == 1 and listed["more"]
    (out / "finance" / "rooms" / "000001-full" / "schema.json").write_text("{}")
    assert home.run_here("export", "verify", out).code == 1


def test_what_is_refused_says_why(home: Home) -> None:
    catalogue = home.folder / "catalogue.toml"
    refused = home.run_here("export", "share", catalogue, "--receiver", "tax", "-o", home.folder / "no")
    assert (refused.code, refused.document["error"]["code"]) == (1, "SHARE_RECEIVER_UNKNOWN")
    bad = home.folder / "bad.toml"
    bad.write_text(catalogue.read_text("utf-8").replace('name = "serial"', 'name = "serail"'), encoding="utf-8")
    checked = home.run_here("export", "check", bad)
    assert checked.code == 1 and [one["code"] for one in checked.document["issues"]] == ["SHARE_FIELD_UNKNOWN"]
    refused = home.run_here("export", "share", bad, "--receiver", "finance", "-o", home.folder / "no")
    assert (refused.code, refused.document["error"]["code"]) == (1, "SHARE_FIELD_UNKNOWN") and not (home.folder / "no").exists()


def test_the_documents_name_every_mask_format_kind_of_sharing_and_kind_of_change() -> None:
    for name in (*MASKS, *FORMATS, *SHARING, "created", "changed", "ended", "entered", "left", "added", "removed"):
        assert re.search(rf"`{name}`|\b{name}\b", TEXT), name
