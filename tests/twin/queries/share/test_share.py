"""Packages replayed are what the receiver may see, whoever writes; what is masked is in no byte of them."""

import csv
import hashlib
import hmac
import itertools
import json
import random
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import shapely

from tests.twin.moulds import Cast
from tests.twin.queries.town import HIDDEN, NOW, Town, author
from tests.twin.store.builder import SITE, boxes, new_revision, relabelled, tower
from twin.auth import LabelPolicy, Principal, local_administrator
from twin.codes import get_kind
from twin.errors import Forbidden, NotFound, Refused
from twin.queries.items.catalogue import Catalogue
from twin.queries.share import export
from twin.queries.share.audit import PUBLISHED, list_packages
from twin.queries.share.definition import read_definition
from twin.queries.share.export import Shared, share
from twin.queries.share.masks import Mask, masked, rounded
from twin.queries.share.plan import check_plans, make_plan
from twin.queries.share.verify import verify
from twin.records.read import get_record, page_of_records
from twin.records.write import change_fields, end_record
from twin.store import Store

ASSET = get_kind("asset")
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
TERMS = """
"信息资源代码" = "1/1"
"信息资源名称" = "资产"
"信息资源提供方" = "局"
"信息资源提供方代码" = "11"
"信息资源摘要" = "摘要"
"共享类型" = "无条件共享"
"共享方式" = "文件"
"更新周期" = "每月"
"用途" = "核对"
"依据" = "办法"
"""
HEAD = '[catalogue]\n"名称" = "目录"\n"版本" = "1"\n'
RECEIVER = '[[receiver]]\nname = "finance"\n"接收方" = "财政厅"\nlabels = ["public"]\nsites = ["*"]\nunits = ["*"]\nvalues = true\n'
FIELDS = """
[[dataset.field]]
name = "name"
[[dataset.field]]
name = "state"
[[dataset.field]]
name = "value"
[[dataset.field]]
name = "acquired"
mask = "month"
[[dataset.field]]
name = "tag"
mask = "last"
keep = 2
[[dataset.field]]
name = "serial"
mask = "hash"
[[dataset.field]]
name = "remark"
mask = "drop"
"""


def dataset(name: str = "assets", collection: str = "assets", form: str = "csv", fields: str = FIELDS, more: str = "") -> str:
    own = f'name = "{name}"\ncollection = "{collection}"\nreceivers = ["finance"]\nformat = "{form}"\nidentifier = "hash"\n'
    return f"[[dataset]]\n{own}{more}{TERMS}{fields}"


class Office:
    """A town with a site, and who shares what of it."""

    def __init__(self, store: Store, folder: Path) -> None:
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        features = relabelled(tower(), {"tower:r10-1": "restricted"})
        store.record_revision(new_revision("a" * 64), features, boxes(features), [], [], now=NOW)
        self.town = Town(store, folder, assets=60)
        self.folder = folder

    def moved(self, store: Store, folder: Path) -> "Office":
        office = Office.__new__(Office)
        office.town, office.folder = self.town.moved(store, folder), folder
        return office

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.town.registers)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def share(self, text: str, name: str = "assets", *, home: str = "home", principal: Principal | None = None, **options: Any) -> Shared:
        path = self.folder / "catalogue.toml"
        path.write_text(HEAD + RECEIVER + text, encoding="utf-8")
        plan = make_plan(self.catalogue, read_definition(path), "finance", name)
        out = options.pop("out", self.out)
        return share(self.catalogue, self.folder / home, plan, out, principal or local_administrator(), now=NOW, **options)

    def findings(self, text: str) -> set[str]:
        path = self.folder / "catalogue.toml"
        path.write_text(text, encoding="utf-8")
        return {issue.code for issue in check_plans(self.catalogue, read_definition(path))}

    def change(self, code: str, values: dict[str, Any]) -> None:
        with self.town.store.database.writing() as connection:
            record = get_record(connection, ASSET, code)
            change_fields(connection, ASSET, record.id, values, author(now=NOW + timedelta(hours=1)))

    def end(self, code: str) -> None:
        with self.town.store.database.writing() as connection:
            end_record(connection, ASSET, get_record(connection, ASSET, code).id, author())

    def key(self) -> bytes:
        return bytes.fromhex((self.folder / "home" / "share-keys" / "finance.key").read_text().strip())

    def allowed(self) -> dict[str, list[str]]:
        """Pseudonym → row as the receiver may have it, worked out apart: from the records, with masks of this test's own."""
        with self.town.store.database.reading() as connection:
            records = page_of_records(connection, ASSET, limit=10_000)
        found = {}
        for record in records:
            said = record.values
            if said["building"] == "一号楼" and said["room"] == HIDDEN:
                continue
            cells = [said["name"], said["state"], said["value"], (said["acquired"] or "")[:7], said["tag"] and f"****{said['tag'][-2:]}"]
            if said["tag"] and len(said["tag"]) <= 2:
                cells[-1] = "****"
            serial = said["serial"] and self.mac("serial", said["serial"])
            found[self.mac("id", record.key)] = ["" if cell is None else str(cell) for cell in (*cells, serial)]
        return found

    def mac(self, field: str, value: str) -> str:
        return hmac.new(self.key(), f"{field}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]


def replayed(folder: Path) -> dict[str, list[str]]:
    """Rows of the CSV packages of a dataset, one package after another."""
    held: dict[str, list[str]] = {}
    for package in sorted(folder.iterdir()):
        if package.name.startswith("."):
            continue
        if package.name.endswith("full"):
            held = {}
        with (package / "rows.csv").open(encoding="utf-8", newline="") as file:
            held |= {row[0]: row[1:] for row in list(csv.reader(file))[1:]}
        if (package / "removed.csv").exists():
            for line in (package / "removed.csv").read_text("utf-8").splitlines()[1:]:
                held.pop(line)
    return held


def issues_of(folder: Path) -> set[str]:
    return {issue.code for one in verify(folder) for issue in one.issues}


@pytest.fixture
def office(cast: Cast) -> Office:
    return cast(Office)


def test_packages_replayed_are_what_the_receiver_may_see_whoever_writes(office: Office) -> None:
    rng = random.Random(4)
    codes = sorted(office.town.assets)
    first = office.share(dataset())
    assert first.package is not None and first.package.kind == "full"
    assert replayed(office.out / "finance" / "assets") == office.allowed() != {}
    ended: set[str] = set()

    def one_turn(turn: int) -> None:
        code = rng.choice([one for one in codes if one not in ended])
        match turn % 5:
            case 0:
                office.change(code, {"room": HIDDEN, "building": "一号楼", "storey": "1层"})
            case 1:
                office.change(code, {"room": "101", "building": "一号楼", "storey": "1层"})
            case 2:
                office.change(code, {"tag": f"标签{turn}", "remark": "不出门"})
            case 3:
                office.end(code)
                ended.add(code)
            case _:
                office.town.add(office.town.assets[code] | {"code": f"NEW-{turn}", "name": "新", "tag": f"N{turn}"})
                codes.append(f"NEW-{turn}")

    met = threading.Event()

    def write() -> None:
        for turn in itertools.count():
            if turn >= 25 and met.is_set():
                return
            one_turn(turn)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    packages = 0
    while writer.is_alive():
        packages += office.share(dataset()).package is not None
        assert issues_of(office.out) == set()
        if packages >= 4:
            met.set()
    writer.join()
    for turn in range(10_000, 10_004):
        one_turn(turn)
        office.share(dataset())
        assert replayed(office.out / "finance" / "assets") == office.allowed()
    done = verify(office.out)[0]
    assert done.issues == () and done.rows == len(office.allowed()) and done.sequence == done.packages > 4
    again = office.share(dataset())
    assert again.package is None and again.last is not None and again.last.sequence == done.sequence
    forced = office.share(dataset(), empty=True).package
    assert forced is not None and forced.manifest["counts"] == {"rows": 0, "added": 0, "changed": 0, "removed": 0, "total": done.rows}


@pytest.mark.parametrize("form", ["csv", "geojson", "jsonfg", "parquet"])
def test_a_masked_value_is_in_no_byte_of_a_package(office: Office, form: str) -> None:
    secrets = {"serial": "机密序列号XK-77", "tag": "标签ZQ-4096", "remark": "只在库中", "acquired": "2019-03-28"}
    office.change("A-0001", {"room": "101", "building": "一号楼", "storey": "1层", **secrets})
    place = '[[dataset.field]]\nname = "geometry"\n'
    office.share(dataset(form=form, fields=FIELDS + place, more=f'crs = "{CRS84}"\n'))
    office.change("A-0001", {"name": "改名"})
    package = office.share(dataset(form=form, fields=FIELDS + place, more=f'crs = "{CRS84}"\n')).package
    assert package is not None and package.manifest["counts"]["changed"] == 1 and issues_of(office.out) == set()
    content = b""
    for path in office.out.rglob("*"):
        if path.is_file():
            content += path.read_bytes()
            if path.suffix == ".parquet":
                content += json.dumps(pq.read_table(path).drop_columns("geometry").to_pylist(), ensure_ascii=False).encode()
    assert "改名".encode() in content and b"****96" in content and b"2019-03" in content
    for value in (*secrets.values(), "A-0001", office.key().hex(), "一号楼"):
        assert value.encode() not in content, value
    if form == "geojson":
        for file in office.out.rglob("rows.geojson"):
            assert json.loads(file.read_text("utf-8"))["type"] == "FeatureCollection"


def test_a_label_the_receiver_may_not_have_never_leaves_and_who_may_not_share_does_not(office: Office) -> None:
    rooms = dataset(
        "rooms", "rooms", "geojson", '[[dataset.field]]\nname = "name"\n[[dataset.field]]\nname = "geometry"\nmask = "round"\ndigits = 5\n'
    )
    rooms = rooms.replace('identifier = "hash"', f'identifier = "plain"\ncrs = "{CRS84}"')
    office.share(rooms, "rooms")
    (file,) = office.out.rglob("rows.geojson")
    ids = {one["id"] for one in json.loads(file.read_text("utf-8"))["features"]}
    seen = {row.feature.id for row in office.town.store.features("PS", frozenset({"public"})) if row.feature.kind == "space"}
    assert ids == seen and "tower:r10-1" not in ids and ids
    for feature in json.loads(file.read_text("utf-8"))["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid and not shape.is_empty and not shape.has_z
        assert all(round(one, 5) == one for one in shapely.get_coordinates(shape).ravel().tolist())
    features = relabelled(tower(), {"tower:r10-1": "restricted", "tower:r9-1": "restricted"})
    office.town.store.record_revision(new_revision("b" * 64), features, boxes(features), [], [], now=NOW)
    package = office.share(rooms, "rooms").package
    assert package is not None and package.manifest["counts"]["removed"] == 1
    assert "tower:r9-1" in (Path(package.folder) / "removed.csv").read_text()
    for principal, error in (
        (Principal(name="v", role="viewer", labels=frozenset("*"), scopes=frozenset("*"), units=frozenset("*")), Forbidden),
        (replace(local_administrator(), labels=frozenset({"internal"})), NotFound),
        (replace(local_administrator(), scopes=frozenset({"MW"})), Forbidden),
    ):
        with pytest.raises(error):
            office.share(rooms, "rooms", principal=principal)
    with pytest.raises(NotFound):
        office.share(dataset(), principal=replace(local_administrator(), units=frozenset({"U2"})))


def test_the_same_state_makes_the_same_bytes(office: Office) -> None:
    packages = []
    for number in range(2):
        home = f"home{number}"
        if number:
            shutil.copytree(office.folder / "home0" / "share-keys", office.folder / home / "share-keys")
        else:
            office.share(dataset(form="parquet"), home=home, out=office.folder / "first")
        done = office.share(dataset(form="parquet"), home=home, out=office.folder / f"out{number}", full=True).package
        assert done is not None
        packages.append({path.name: path.read_bytes() for path in Path(done.folder).iterdir() if path.name != "manifest.json"})
    assert packages[0] == packages[1] and len(packages[0]) == 2


def test_a_changed_catalogue_or_a_lost_state_makes_a_new_full_package(office: Office) -> None:
    office.share(dataset())
    office.change("A-0001", {"name": "改名"})
    for text, reason in ((dataset(fields=FIELDS.replace("keep = 2", "keep = 1")), "catalogue changed"), (dataset(), "catalogue changed")):
        package = office.share(text).package
        assert package is not None and (package.kind, package.reason) == ("full", reason)
    shutil.rmtree(office.folder / "home" / "exports")
    package = office.share(dataset()).package
    assert package is not None and (package.kind, package.reason, package.sequence) == ("full", "state lost", 4)
    (office.folder / "home" / "share-keys" / "finance.key").write_text("ab" * 32)
    package = office.share(dataset()).package
    assert package is not None and package.reason == "catalogue changed" and issues_of(office.out) == set()


@pytest.mark.parametrize("at", ["record_package", "_lay", "set_state"])
def test_an_export_that_was_killed_is_gone_on_with(office: Office, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    office.share(dataset())
    office.change("A-0001", {"name": "改名"})

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(export, at, killed)
        with pytest.raises(KeyboardInterrupt):
            office.share(dataset())
    done = office.share(dataset())
    assert done.package is not None and (done.package.sequence, done.resumed) == (2, at == "set_state")
    office.share(dataset())
    assert replayed(office.out / "finance" / "assets") == office.allowed() and issues_of(office.out) == set()
    assert not list(office.out.rglob(".*"))
    with office.town.store.database.reading() as connection:
        rows = list_packages(connection, "finance", limit=9)
    assert [(row.sequence, row.state) for row in rows] == [(2, PUBLISHED), (1, PUBLISHED)]


def test_whatever_befell_a_package_is_found(office: Office) -> None:
    office.share(dataset())
    for turn in range(2):
        office.change("A-0001", {"name": f"改名{turn}"})
        office.share(dataset())
    first, second, third = sorted((office.out / "finance" / "assets").iterdir())

    def damaged(harm: Callable[[Path], object]) -> set[str]:
        copy = office.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(office.out, copy)
        harm(copy / "finance" / "assets")
        return issues_of(copy)

    def alter(path: Path, old: str, new: str) -> None:
        text = path.read_bytes().decode()
        assert old in text
        path.write_bytes(text.replace(old, new, 1).encode())

    assert damaged(lambda _: None) == set()
    assert damaged(lambda at: shutil.rmtree(at / second.name)) == {"SHARE_CHAIN_BROKEN"} | {"SHARE_REPLAY_DIFFERS"} - {
        "SHARE_REPLAY_DIFFERS"
    }
    assert "SHARE_CHAIN_BROKEN" in damaged(lambda at: shutil.rmtree(at / first.name))
    assert {"SHARE_PACKAGE_DAMAGED", "SHARE_REPLAY_DIFFERS"} <= damaged(lambda at: alter(at / third.name / "rows.csv", "改名1", "改名9"))
    assert "SHARE_PACKAGE_DAMAGED" in damaged(lambda at: (at / third.name / "rows.csv").unlink())
    assert damaged(lambda at: (at / third.name / "more.csv").write_text("x")) == {"SHARE_PACKAGE_DAMAGED"}
    assert "SHARE_COUNTS_WRONG" in damaged(lambda at: alter(at / third.name / "manifest.json", '"changed":1', '"changed":2'))
    assert "SHARE_CHAIN_BROKEN" in damaged(lambda at: alter(at / second.name / "manifest.json", "财政厅", "税务局"))
    odd = (third / "manifest.json").read_text("utf-8").replace('"files":[', '"files":[1,')
    for content in ("{", "[]", "{}", '{"form": "twin-share-1"}', odd):

        def spoil(at: Path, said: str = content) -> None:
            (at / third.name / "manifest.json").write_text(said, encoding="utf-8")

        assert "SHARE_PACKAGE_DAMAGED" in damaged(spoil)
    assert "SHARE_PACKAGE_DAMAGED" in damaged(lambda at: (at / third.name / "rows.csv").write_bytes(b""))
    with pytest.raises(NotFound):
        verify(office.folder / "home")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEAD + RECEIVER + dataset() + "secret = 1\n", "SHARE_KEY_UNKNOWN"),
        (HEAD + RECEIVER + dataset(more="until = 1\n"), "SHARE_KEY_UNKNOWN"),
        (HEAD + RECEIVER.replace("values = true\n", "") + dataset(), "SHARE_VALUE_MISSING"),
        (HEAD + RECEIVER + dataset(fields=""), "SHARE_VALUE_MISSING"),
        (HEAD + RECEIVER + dataset().replace('"用途" = "核对"\n', ""), "SHARE_VALUE_MISSING"),
        (HEAD + RECEIVER + dataset().replace("无条件共享", "有条件共享"), "SHARE_VALUE_MISSING"),
        (HEAD + RECEIVER + dataset(form="xml"), "SHARE_VALUE_INVALID"),
        (HEAD + RECEIVER + dataset(more='filter = "nothing ="\n'), "SHARE_VALUE_INVALID"),
        (HEAD + RECEIVER + dataset(more='filter = "nothing = 1"\n'), "SHARE_VALUE_INVALID"),
        (HEAD + RECEIVER.replace('["public"]', '["*"]') + dataset(), "SHARE_VALUE_INVALID"),
        (HEAD + RECEIVER.replace('["public"]', '["secret"]') + dataset(), "SHARE_VALUE_INVALID"),
        (HEAD + RECEIVER + dataset().replace("无条件共享", "不予共享"), "SHARE_NOT_SHARED"),
        (HEAD + RECEIVER + dataset(collection="people"), "SHARE_COLLECTION_UNKNOWN"),
        (HEAD + RECEIVER + dataset(fields='[[dataset.field]]\nname = "nothing"\n'), "SHARE_FIELD_UNKNOWN"),
        (HEAD + RECEIVER.replace("values = true", "values = false") + dataset(), "SHARE_FIELD_UNKNOWN"),
        (HEAD + RECEIVER + dataset(fields='[[dataset.field]]\nname = "value"\nmask = "month"\n'), "SHARE_MASK_INVALID"),
        (HEAD + RECEIVER + dataset(fields='[[dataset.field]]\nname = "tag"\nmask = "blur"\n'), "SHARE_MASK_INVALID"),
        (HEAD + RECEIVER + dataset(fields='[[dataset.field]]\nname = "tag"\nmask = "last"\n'), "SHARE_MASK_INVALID"),
        (HEAD + RECEIVER + dataset(fields='[[dataset.field]]\nname = "tag"\nkeep = 4\n'), "SHARE_MASK_INVALID"),
        (HEAD + RECEIVER + dataset().replace('["finance"]', '["tax"]'), "SHARE_RECEIVER_UNKNOWN"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_found(standing_office: Office, text: str, code: str) -> None:
    assert standing_office.findings(HEAD + RECEIVER + dataset()) == set()
    assert code in standing_office.findings(text)


@pytest.fixture(scope="module")
def standing_office(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("standing")
    with Store.open(f"sqlite:///{folder / 'records.sqlite'}") as store:
        store.migrate()
        yield Office(store, folder)


def test_a_file_that_is_no_catalogue_is_refused(standing_office: Office) -> None:
    path = standing_office.folder / "none.toml"
    for content in (b"\xff = 1", b"[catalogue"):
        path.write_bytes(content)
        with pytest.raises(Refused) as refused:
            read_definition(path)
        assert refused.value.code == "SHARE_CATALOGUE_UNREADABLE"


def test_a_key_that_others_may_read_or_that_is_none_is_refused(standing_office: Office) -> None:
    standing_office.share(dataset(), home="keys", out=standing_office.folder / "keys-out")
    key = standing_office.folder / "keys" / "share-keys" / "finance.key"
    assert key.stat().st_mode & 0o777 == 0o600 and key.parent.stat().st_mode & 0o777 == 0o700
    for mode, content, code in ((0o640, key.read_text(), "SHARE_KEY_EXPOSED"), (0o600, "ab", "SHARE_KEY_INVALID")):
        key.write_text(content)
        key.chmod(mode)
        with pytest.raises(Refused) as refused:
            standing_office.share(dataset(), home="keys", out=standing_office.folder / "keys-out")
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("value", "mask", "left"),
    [
        ("13905911234", Mask(kind="last", argument=4), "****1234"),
        ("1234", Mask(kind="last", argument=4), "****"),
        ("张三丰", Mask(kind="first", argument=1), "张****"),
        ("350102001", Mask(kind="division", argument="county"), "350102"),
        ("350102", Mask(kind="division", argument="province"), "350000"),
        ("鼓楼区", Mask(kind="division", argument="city"), "****"),
        ("2026-11-26", Mask(kind="month"), "2026-11"),
        ("2026-11-26T08:00:00+00:00", Mask(kind="year"), "2026"),
        ("不详", Mask(kind="month"), "****"),
        (123_456, Mask(kind="round", argument=-4), 120_000),
        (18.456, Mask(kind="round", argument=1), 18.5),
        (None, Mask(kind="hash"), None),
    ],
)
def test_masks_leave_what_they_say(value: Any, mask: Mask, left: Any) -> None:
    assert masked(value, mask, "field", b"key") == left


def test_a_rounded_shape_is_valid_or_a_point_and_a_pseudonym_depends_on_key_field_and_value() -> None:
    room = shapely.box(119.29431, 26.09011, 119.29434, 26.09013)
    assert rounded(room, 4) == shapely.Point(119.2943, 26.0901) and rounded(None, 4) is None
    names = {masked(value, Mask(kind="hash"), field, key) for value in ("a", "b") for field in ("x", "y") for key in (b"1", b"2")}
    assert len(names) == 8
