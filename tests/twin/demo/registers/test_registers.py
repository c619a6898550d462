"""The demo's registers: their size, that a seed decides every byte, that the truth tells of each planted error, and of nothing else."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from tests.twin.conftest import SEEDS
from tests.twin.demo.registers.readers import Written, organisation_right, read_rows, uscc_right, vin_right
from twin.demo.registers import RegisterFile, write_assets, write_registers
from twin.errors import Invalid

DAY = re.compile(r"(\d{4})[-/年.]?(\d{1,2})[-/月.]?(\d{1,2})日?")
PLATE = re.compile(r"闽[A-HJ-NP-Z]([A-HJ-NP-Z0-9]{5}|[DF]\d{5})")
CLASS = {"GB/T 14885-2022": 9, "2022": 9}


def twice(values: list[str]) -> set[str]:
    return {value for value, count in Counter(values).items() if count > 1 and value}


@pytest.fixture(params=[*SEEDS, "compound"])
def written(request: pytest.FixtureRequest, three: dict[int, Written], compound: Written) -> Written:
    return compound if request.param == "compound" else three[request.param]


def test_a_compound_has_what_the_issue_promises(compound: Written) -> None:
    rows = {name: len(lines) for name, lines in compound.rows.items()}
    repeated = Counter(item["error"] for item in compound.truth["planted"] if item["error"].endswith("_twice"))
    assert rows["unit"] - repeated["unit_code_twice"] == 60
    assert rows["person"] - repeated["person_twice"] == 2400
    assert rows["asset"] == 40_000
    assert rows["vehicle"] == 500
    assert rows["dispatch"] == 30 * 80
    assert rows["energy"] - repeated["energy_twice"] == 60 * 24
    assert {row["级次"] for row in compound.rows["unit"]} == {"省级", "市级", "县级", "乡级"}
    assert sum(row["终端类型"] == "北斗" for row in compound.rows["vehicle"]) in range(210, 290)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(
    three: dict[int, Written], models: dict[str, Path], tmp_path: Path
) -> None:
    files = write_registers(tmp_path, scale="small", seed=8, models=models)
    assert [file.path.name for file in files] == [file.path.name for file in three[8].files]
    for file in sorted(tmp_path.iterdir()):
        assert file.read_bytes() == (three[8].folder / file.name).read_bytes(), file.name
    for file in files:
        assert file.path.read_bytes() != (three[7].folder / file.path.name).read_bytes(), file.path.name


def test_assets_alone_are_the_cards_of_the_same_seed(tmp_path: Path) -> None:
    one, other = write_assets(tmp_path / "a.csv", 300, scale="small"), write_assets(tmp_path / "b.csv", 300, scale="small", seed=8)
    assert one.rows == 300 == len(read_rows(one))
    assert one.path.read_bytes() != other.path.read_bytes()
    assert one.path.read_bytes() == write_assets(tmp_path / "c.csv", 300, scale="small").path.read_bytes()


def test_an_unknown_scale_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="galaxy"):
        write_registers(tmp_path / "r", scale="galaxy")
    assert not (tmp_path / "r").exists()


def test_every_error_of_the_table_is_planted_and_stands_on_its_line(written: Written) -> None:
    counts = Counter(item["error"] for item in written.truth["planted"])
    assert {error for error, row in written.truth["errors"].items() if row["planted"] != counts[error]} == set()
    assert {error for error in written.truth["errors"] if not counts[error]} == set()
    for item in written.truth["planted"]:
        if item["line"] is None:
            continue
        row = written.row(item)
        if item["column"] and item["now"]:
            now = row[item["column"]]
            assert now == item["now"] or float(now) == float(item["now"]), item
        assert item["key"] in row.values() or item["key"] == f"{item['was']} {row.get('统计月份')}" or item["register"] == "energy", item
    assert {file["rows"] for file in written.truth["files"] if len(written.rows[_register(written, file["file"])]) != file["rows"]} == set()


def _register(written: Written, name: str) -> str:
    return next(file.register or file.kind for file in written.files if file.path.name == name)


def test_wrong_check_characters_are_the_planted_ones(written: Written) -> None:
    codes = {row["单位编码"]: row["统一社会信用代码"] for row in written.rows["unit"] if row["统一社会信用代码"]}
    assert {key for key, code in codes.items() if not uscc_right(code)} == written.keys("unit_credit_check")
    wrong = {key for key, code in codes.items() if not organisation_right(code[8:17])}
    assert wrong == written.keys("unit_organisation_check")
    vehicles = written.rows["vehicle"]
    planted = {row["车牌号"] for row in (written.row(item) for item in written.planted("vehicle_vin"))}
    assert {row["车牌号"] for row in vehicles if not vin_right(row["车辆识别代号"])} == planted
    assert {row["车牌号"] for row in vehicles if not PLATE.fullmatch(row["车牌号"])} == {
        item["now"] for item in written.planted("vehicle_plate")
    }


@pytest.mark.parametrize(
    ("register", "key", "error"),
    [
        ("unit", "单位编码", "unit_code_twice"),
        ("room", "房间编码", "room_twice"),
        ("person", "人员编号", "person_twice"),
        ("asset", "资产编号", "asset_code_twice"),
        ("asset", "标签号", "asset_tag_twice"),
        ("vehicle", "车牌号", "vehicle_plate_twice"),
        ("vehicle", "终端号", "vehicle_terminal_twice"),
        ("meter", "表计编号", "meter_twice"),
        ("building", "楼栋编码", ""),
        ("dispatch", "派车单号", ""),
        ("driver", "驾驶员编号", ""),
        ("title", "权证编号", ""),
    ],
)
def test_what_stands_twice_is_planted(written: Written, register: str, key: str, error: str) -> None:
    planted = {item["now"] for item in written.planted(error)} if error else set()
    assert twice([row[key] for row in written.rows[register]]) == planted


@pytest.mark.parametrize(
    ("register", "column", "error"),
    [
        ("room", "使用单位", "room_unit"),
        ("person", "单位", "person_unit"),
        ("asset", "使用单位", "asset_unit"),
        ("vehicle", "使用单位", "vehicle_unit"),
        ("energy", "用能单位", "energy_unit"),
        ("dispatch", "用车单位", ""),
        ("driver", "单位", ""),
        ("title", "权利人", ""),
        ("post", "单位名称", ""),
        ("building", "产权单位", ""),
        ("unit", "上级单位", ""),
    ],
)
def test_units_nobody_knows_are_planted(written: Written, register: str, column: str, error: str) -> None:
    known = {row[name] for row in written.rows["unit"] for name in ("单位编码", "单位名称")} | {""}
    unknown = sorted(row[column] for row in written.rows[register] if row[column] not in known)
    assert unknown == sorted(item["now"] for item in written.planted(error) if error)


def test_rooms_of_the_models_are_all_there_and_their_areas_differ_only_where_planted(written: Written) -> None:
    true = {row["room"]: row for row in read_rows(RegisterFile(kind="t", path=written.folder / "truth_rooms.csv", rows=0))}
    assert {row["房间编码"] for row in written.rows["room"]} == set(true)
    modelled = [row for row in written.rows["room"] if true[row["房间编码"]]["global_id"]]
    assert len({true[row["房间编码"]]["global_id"] for row in modelled}) == written.truth["facts"]["rooms_with_model"] > 100
    differs = {row["房间编码"] for row in modelled if abs(float(row["使用面积(㎡)"]) / float(true[row["房间编码"]]["area_m2"]) - 1) > 0.1}
    assert differs == written.keys("room_area")


def test_offices_made_for_their_people_are_within_the_limits_but_for_the_planted(written: Written) -> None:
    true = {row["room"]: row for row in read_rows(RegisterFile(kind="t", path=written.folder / "truth_rooms.csv", rows=0))}
    over = {
        row["房间编码"]
        for row in written.rows["room"]
        if not true[row["房间编码"]]["global_id"]
        and float(true[row["房间编码"]]["allowed_m2"])
        and float(row["使用面积(㎡)"]) > float(true[row["房间编码"]]["allowed_m2"]) + 0.01
    }
    assert over == written.keys("room_oversized")


def test_people_sit_in_rooms_of_the_register_but_for_the_planted(written: Written) -> None:
    houses = {row["楼栋名称"]: row["楼栋编码"] for row in written.rows["building"]}
    rooms = {row["房间编码"] for row in written.rows["room"]}
    lost = {row["人员编号"] for row in written.rows["person"] if row["办公室"] and f"{houses[row['楼栋']]}-{row['办公室']}" not in rooms}
    assert lost == written.keys("person_room")
    without = {row["人员编号"] for row in written.rows["person"] if row["第二办公室"] and not row["第二办公室依据"]}
    assert without == written.keys("person_second_office")
    retired = {row["人员编号"] for row in written.rows["person"] if row["在岗状态"] != "在岗"}
    assert retired == written.keys("person_retired")


def test_cards_are_wrong_only_where_planted(written: Written) -> None:
    rows = written.rows["asset"]

    def found(wrong: Callable[[dict[str, str]], bool]) -> Counter[str]:
        return Counter(row["资产编号"] for row in rows if wrong(row))

    def planted(error: str) -> Counter[str]:
        return Counter(item["key"] for item in written.planted(error))

    def day(row: dict[str, str]) -> tuple[int, int, int]:
        match = DAY.fullmatch(row["取得日期"])
        assert match, row
        return int(match[1]), int(match[2]), int(match[3])

    def impossible(row: dict[str, str]) -> bool:
        year, month, number = day(row)
        return month > 12 or number > (31, 29 if year % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]

    def amount(text: str) -> float | None:
        plain = text.replace(",", "")
        return float(plain) if re.fullmatch(r"\d+\.\d\d", plain) else None

    assert found(lambda row: day(row) > (2026, 10, 31) and not impossible(row)) == planted("asset_future")
    assert found(impossible) == planted("asset_date")
    assert found(lambda row: not row["分类版本"]) == planted("asset_no_edition")
    assert found(lambda row: len(row["资产分类代码"]) != CLASS.get(row["分类版本"], len(row["资产分类代码"]))) <= planted("asset_class")
    assert found(lambda row: amount(row["原值(元)"]) is None) == planted("asset_value_text")
    assert found(lambda row: "," in row["原值(元)"]) == planted("asset_value_comma")
    assert found(lambda row: (amount(row["净值(元)"]) or 0) > (amount(row["原值(元)"]) or 1e12)) == planted("asset_net_value")
    edition = found(
        lambda r: r["资产分类代码"] == "A02010105" and "2022" in r["分类版本"] and bool(re.search("便携|笔记本|手提", r["资产名称"]))
    )
    assert edition == planted("asset_edition")
    states = {"在用", "闲置", "维修中", "公物仓", "出租出借", "处置申请中", "处置已批", "已处置", "已核销", "已入账"}
    assert found(lambda row: row["使用状况"] not in states) == planted("asset_state")


def test_where_each_card_stands_is_told_and_the_models_things_are_among_them(written: Written) -> None:
    true = parquet.read_table(written.folder / "truth_assets.parquet").to_pylist()
    rows = written.rows["asset"]
    assert len(true) == len(rows)
    elements = [row["element"] for row in true if row["element"]]
    assert len(set(elements)) == len(elements) > 200
    by_id = {row["构件标识"]: known["element"] for row, known in zip(rows, true, strict=True) if row["构件标识"]}
    assert by_id and all(told == known for told, known in by_id.items())
    rooms = {row["房间编码"] for row in written.rows["room"]}
    assert {row["room"] for row in true if row["room"]} <= rooms
    ghosts = {item["line"] - 2 for item in written.planted("asset_room")}
    number = {row["房间编码"].split("-")[1] for row in written.rows["room"]}
    assert all(not any(rows[at]["存放地点"] == f"{one}室" for one in number) for at in ghosts)


def test_ledgers_and_cards_differ_only_where_planted(written: Written) -> None:
    cards = {row["资产编号"]: row["原值(元)"] for row in written.rows["asset"]}
    repeated = {code for item in written.planted("asset_code_twice") for code in (item["was"], item["now"])}
    texts = {item["key"]: item["was"] for item in written.planted("asset_value_text")}
    for ledger in ("ledger_finance", "ledger_asset"):
        planted = defaultdict(set)
        for item in written.truth["planted"]:
            if item["register"] == ledger:
                planted[item["error"]].add(item["key"])
        booked = {row["资产编号"]: row["账面原值"] for row in written.rows[ledger]}
        assert set(booked) - set(cards) == planted["ledger_without_card"]
        assert set(cards) - set(booked) - repeated == planted["card_without_ledger"]
        value = {key for key, text in booked.items() if key in cards and float(text) != float(texts.get(key, cards[key]).replace(",", ""))}
        assert value == planted["ledger_value"]


def test_orders_are_wrong_only_where_planted(written: Written) -> None:
    rows, key = written.rows["dispatch"], "派车单号"
    until = {row["驾驶员编号"]: row["驾驶证有效期"] for row in written.rows["driver"]}
    gone = {row["车牌号"]: row["处置日期"] for row in written.rows["vehicle"] if row["车辆状态"] == "已处置"}
    done = [row for row in rows if row["派车状态"] == "已完成"]
    assert {row[key] for row in rows if until[row["驾驶员编号"]] < row["计划出车时间"][:10]} == written.keys("dispatch_driver")
    assert {row[key] for row in rows if gone.get(row["车牌号"], "9") < row["计划出车时间"]} == written.keys("dispatch_disposed")
    assert {row[key] for row in done if row["实际返回时间"] < row["实际出车时间"]} == written.keys("dispatch_times")
    assert {row[key] for row in done if int(row["返回里程"]) < int(row["出车里程"])} == written.keys("dispatch_odometer")
    by_vehicle = defaultdict(list)
    for row in done:
        by_vehicle[row["车牌号"]].append((row["实际出车时间"], row["实际返回时间"], row[key]))
    clash = {
        frozenset((one[2], other[2]))
        for trips in by_vehicle.values()
        for i, one in enumerate(sorted(trips))
        for other in sorted(trips)[i + 1 :]
        if one[0] < other[1] and other[0] < one[1]
    }
    assert clash == {frozenset((item["key"], item["also"])) for item in written.planted("dispatch_overlap")}


def test_energy_is_out_of_order_only_where_planted(written: Written) -> None:
    series = defaultdict(list)
    wrong = {item["line"] - 1 for error in ("energy_tenfold", "energy_mwh") for item in written.planted(error)}
    found = set()
    for at, row in enumerate(written.rows["energy"]):
        series[row["用能单位"]].append((at, float(row["用电量(千瓦时)"])))
    for months in series.values():
        middle = sorted(value for _, value in months)[len(months) // 2]
        found |= {at for at, value in months if not middle / 5 < value < middle * 5}
    assert found == wrong
    pairs = Counter((row["用能单位"], row["统计月份"]) for row in written.rows["energy"])
    assert sum(count > 1 for count in pairs.values()) == len(written.planted("energy_twice"))


@pytest.mark.parametrize(
    ("register", "column"),
    [
        ("room", "分配日期"),
        ("person", "任职日期"),
        ("vehicle", "购置日期"),
        ("vehicle", "注册日期"),
        ("vehicle", "处置日期"),
        ("title", "登记日期"),
    ],
)
def test_no_other_date_lies_in_the_future(written: Written, register: str, column: str) -> None:
    assert max(row[column] for row in written.rows[register]) <= "2026-10-31"


def test_titles_are_missing_or_differ_only_where_planted(written: Written) -> None:
    buildings = {row["楼栋名称"]: row for row in written.rows["building"]}
    titles = {row["楼栋"]: row["证载面积"] for row in written.rows["title"] if row["楼栋"]}
    missing = {row["楼栋编码"] for name, row in buildings.items() if row["权属"] == "自有" and name not in titles}
    assert missing == written.keys("title_missing")
    differs = {name for name, area in titles.items() if float(area) != float(buildings[name]["建筑面积(㎡)"])}
    assert len(differs) == len(written.planted("title_area"))
    plates = {row["车牌号"] for row in written.rows["title"]}
    wrong = {item["now"] for error in ("vehicle_plate", "vehicle_plate_twice") for item in written.planted(error)}
    without = {row["车牌号"] for row in written.rows["vehicle"] if row["车辆状态"] != "已处置" and row["车牌号"] not in plates}
    assert without - wrong == written.keys("vehicle_without_title")


def test_scans_tell_what_was_found_elsewhere_unexpected_and_doubled(written: Written) -> None:
    apart = {row["卡片编号"]: row["卡片编号"] for row in written.rows.get("asset_institution", ())}
    cards = {row[name]: row["资产编号"] for row in written.rows["asset"] for name in ("标签号", "资产编号") if row[name]} | apart
    place = {row["asset"]: row["room"] for row in parquet.read_table(written.folder / "truth_assets.parquet").to_pylist()}
    houses = {row["楼栋名称"]: row["楼栋编码"] for row in written.rows["building"]}
    scans = written.rows["stocktake"]
    assert {row["标签号"] for row in scans if row["标签号"] not in cards} == {item["now"] for item in written.planted("scan_unexpected")}
    assert twice([row["标签号"] for row in scans]) == written.keys("scan_twice")
    known = [row for row in scans if cards.get(row["标签号"]) in place]
    elsewhere = {row["标签号"] for row in known if place[cards[row["标签号"]]] != f"{houses[row['楼栋']]}-{row['房间号']}"}
    assert elsewhere == written.keys("scan_elsewhere") - apart.keys()
    assert len(known) > 0.9 * len(scans)
    scanned = {cards[row["标签号"]] for row in scans if row["标签号"] in cards}
    assert written.keys("scan_missing").isdisjoint(scanned)


def test_disposal_is_requested_for_what_is_lent_or_unknown_only_where_planted(written: Written) -> None:
    state = {row["资产编号"]: row["使用状况"] for row in written.rows["asset"]}
    requests = written.rows["request"]
    assert {row["申请单号"] for row in requests if state.get(row["资产编号"]) == "出租出借"} == written.keys("request_lent")
    assert {row["申请单号"] for row in requests if row["资产编号"] not in state} == written.keys("request_unknown")


def test_what_is_built_in_stands_in_rooms_of_the_models_and_doors_name_their_elements(written: Written) -> None:
    rooms = {(row["房间编码"]) for row in written.rows["room"]}
    assert rooms
    named = written.keys("door_element")
    elements = [row["构件标识"] for row in written.rows["door"] if row["门禁编号"] not in named and row["构件标识"]]
    assert len(elements) == len(set(elements)) > 15
    assert {row["门禁方式"] for row in written.rows["door"]} == {"门磁", "机械锁", "刷卡", "人脸"}
    points = written.rows["fire_point"]
    assert len({(row["报警主机"], row["回路"], row["地址"]) for row in points}) == len(points) > 90
    assert {row["消防设备类型"] for row in points} == {"感烟", "感温", "手报"}
    assert [row["服务层"].partition("-")[0] for row in written.rows["lift"]] == ["1", "1"]
    assert len({row["报警输入编码"] for row in written.rows["panic_button"]}) == len(written.rows["panic_button"]) > 5


def test_guards_stand_at_posts_and_are_people_and_suppliers_are_announced_without_an_end(written: Written) -> None:
    posts, people = ({row[key] for row in written.rows[kind]} for kind, key in (("guard_post", "岗位编号"), ("person", "人员编号")))
    guards = written.rows["guard"]
    assert len(guards) == 12 == len({row["人员编号"] for row in guards}) == len({row["定位终端号"] for row in guards})
    assert {row["值勤岗位"] for row in guards} <= posts
    assert {row["人员编号"] for row in guards} <= people
    visits = written.rows["visit"]
    assert sum(not row["来访结束时间"] for row in visits) == 5
    assert {row["车牌号"] for row in visits}.isdisjoint({row["车牌号"] for row in written.rows["vehicle"]} - {""})
    assert all(PLATE.fullmatch(row["车牌号"]) for row in visits if row["车牌号"])
