"""Each kind of error that the demo plants against where a user finds it (`planted_found.toml`), on three seeds, row by row.

What plants (`twin.demo`) shares no code with what finds; `truth.json` and the table are the only things both know.
"""

import csv
import shutil
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from tests.conftest import require
from tests.postgres import REMEDY, Cluster, find_programs
from tests.twin.conftest import SEEDS
from tests.twin.imports.tie.asked import ASKED, Told
from tests.twin.imports.tie.conftest import TiedDemo, ledgers_of
from tests.twin.queries.town import NOW, FixedRegisters
from twin.demo import SITE
from twin.imports.model import import_bim
from twin.imports.registers import import_registers
from twin.settings import Settings
from twin.store import Store

TABLE = tomllib.loads(Path(__file__).with_name("planted_found.toml").read_text(encoding="utf-8"))
FOLLOWS = TABLE.pop("follows")
WORD = 6
"""Characters from which on a name in the words of a finding is no accident: a plate, a code, the name of a unit."""
INVENTED = 0.01
"""Of the rows of the register that a code is told of."""
Item = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What was told where of a demo, the truth about it, and which keys have to do with which: who with a room, what stands there."""

    told: dict[str, list[Told]]
    truth: dict[str, Any]
    near: dict[str, set[str]]
    over: set[str]

    def planted(self, *kinds: str) -> list[Item]:
        return [item for item in self.truth["planted"] if item["error"] in kinds]

    def is_of(self, told: Told, item: Item) -> bool:
        """Whether a finding is on the row of a planted error: on its line, else by its key; of a post by unit and number of posts."""
        if told.lines and item["line"] is not None and any(file == item["file"] for file, _ in told.lines):
            return (item["file"], item["line"]) in told.lines
        post = item["register"] == "post" and told.keys[0].startswith(f"{item['key']}/") and told.message.endswith(f" {item['now']} posts")
        return item["key"] in told.keys or post

    def comes_of(self, told: Told, item: Item) -> bool:
        """Whether a finding is about the row of a planted error, a row it clashes with, what has to do with either or is called so."""
        names = {item["key"], item["was"], item["now"], item["also"]} - {""}
        related = set(told.keys).union(*(self.near.get(key, ()) for key in told.keys))
        called = any(len(name) >= WORD and name in told.message for name in names)
        return self.is_of(told, item) or bool(names & related) or called or (item["file"], item["line"]) in told.lines


@pytest.fixture(scope="package")
def answers(three: dict[int, TiedDemo], tmp_path_factory: pytest.TempPathFactory) -> dict[int, Asked]:
    """Every question asked of each of the three, in copies of their homes: a stock-take and requests write."""
    found = {}
    for seed, demo in three.items():
        home = tmp_path_factory.mktemp(f"asked-{seed}") / "home"
        shutil.copytree(demo.settings.home, home)
        with Store.open(Settings(home=home).database_url) as store:
            registers = FixedRegisters.of(store, home / "columns")
            told = {name: list(ask(registers, demo.folder)) for name, ask in ASKED.items()}
        over = {row["room"] for row in _truth_rooms(demo) if 0 < float(row["allowed_m2"]) < float(row["area_m2"])}
        found[seed] = Asked(told, demo.truth, _near(demo), over)
    return found


@pytest.fixture
def asked(demo: TiedDemo, answers: dict[int, Asked]) -> Asked:
    """The answers on one of the three."""
    return answers[demo.truth["facts"]["seed"]]


def test_each_kind_of_planted_error_is_found_somewhere(asked: Asked) -> None:
    assert TABLE.keys() == asked.truth["errors"].keys()
    assert {row["asked"] for row in TABLE.values()} == ASKED.keys()


@pytest.mark.parametrize("kind", TABLE)
def test_every_planted_error_is_found_on_its_row(asked: Asked, kind: str) -> None:
    planted = asked.planted(kind)
    assert planted
    row = TABLE[kind]
    for name, code in [(row["asked"], row["code"]), *row.get("too", {}).items()]:
        told = [one for one in asked.told[name] if one.code == code]
        assert [item for item in planted if code and not any(asked.is_of(one, item) for one in told)] == [], code


def test_nothing_is_told_that_was_not_planted_or_follows_from_it(asked: Asked) -> None:
    rows: dict[str, int] = defaultdict(int)
    files = {file["file"]: file["rows"] for file in asked.truth["files"]}
    kinds_of: dict[str, set[str]] = defaultdict(set)
    for kind, row in TABLE.items():
        for code in (row["code"], *row.get("too", {}).values()):
            kinds_of[code].add(kind)
    for code, kinds in FOLLOWS.items():
        kinds_of[code].update(kinds)
    invented = defaultdict(list)
    for told in (one for found in asked.told.values() for one in found):
        items = asked.planted(*kinds_of[told.code])
        if not any(asked.comes_of(told, item) for item in items) and not _is_so(told, asked):
            invented[told.code].append(told)
    for code in invented:
        rows[code] = max((files[item["file"]] for item in asked.planted(*kinds_of[code])), default=0)
    assert {code: found for code, found in invented.items() if len(found) > INVENTED * rows[code]} == {}


def test_a_wrong_number_leaves_a_space_without_a_record_and_a_wrong_unit_a_month_without_a_report(asked: Asked) -> None:
    for code, name, kind in (("SPACE_NOT_REGISTERED", "space", "room_number"), ("ENERGY_MONTH_MISSING", "energy", "energy_unit")):
        assert sum(told.code == code for told in asked.told[name]) == len(asked.planted(kind))


def test_what_was_planted_as_a_hazard_is_read_as_the_same_number(demo: TiedDemo, asked: Asked) -> None:
    for item in asked.planted("asset_value_comma"):
        ((value,),) = demo.rows("select value from asset where key = ?", item["key"])
        assert value == round(float(item["was"]) * 100)
        assert not any((item["file"], item["line"]) in told.lines for told in asked.told["imports"])


def test_postgresql_is_told_the_same(
    request: pytest.FixtureRequest, three: dict[int, TiedDemo], answers: dict[int, Asked], models: dict[str, Path], tmp_path: Path
) -> None:
    require(find_programs() is not None, "PostgreSQL", REMEDY)
    cluster: Cluster = request.getfixturevalue("cluster")
    demo = three[SEEDS[0]]
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(demo.settings.home, settings.home)  # with the meshes of the models
    with Store.open(cluster.create()) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        for key, path in models.items():
            import_bim(store, settings, path, site=SITE.code, key=key, who="test", now=NOW)
        import_registers(store, settings, ledgers_of(demo.files), who="test", now=NOW)
        registers = FixedRegisters.of(store, tmp_path / "columns")
        told = {name: sorted(ask(registers, demo.folder), key=repr) for name, ask in ASKED.items()}
    assert told == {name: sorted(found, key=repr) for name, found in answers[SEEDS[0]].told.items()}


def _is_so(told: Told, asked: Asked) -> bool:
    """What is true of a demo without being planted: the line of sums below a workbook, cards whose institution keeps a ledger of its
    own, offices that are too large by the truth already."""
    if told.code == "ROW_TOTAL":
        return told.lines <= {(file["file"], file["first_line"] + file["rows"]) for file in asked.truth["files"]}
    if told.code == "ENTRY_MISSING":
        return {file for file, _ in told.lines} == {asked.truth["facts"]["unbooked"]}
    return told.code == "over" and told.keys[0] in asked.over


def _truth_rooms(demo: TiedDemo) -> list[dict[str, str]]:
    with (demo.folder / "truth_rooms.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _near(demo: TiedDemo) -> dict[str, set[str]]:
    near: dict[str, set[str]] = defaultdict(set)
    for row in _truth_rooms(demo):
        for person in row["who"].split():
            near[person].add(row["room"])
            near[row["room"]].add(person)
        near[f"{row['model']}:{row['global_id']}"].add(row["room"])
    for stem in ("truth_assets", "truth_assets_institution"):
        for card in parquet.read_table(demo.folder / f"{stem}.parquet").to_pylist():
            near[card["asset"]].add(card["room"] or "")
    return near
