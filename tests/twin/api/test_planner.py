"""Office space, energy and vehicles through HTTP: addresses of following pages, problems, and who may know of what."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.twin.queries.planner.office import Office
from tests.twin.served import service
from twin.auth import Principal, Role
from twin.settings import Settings

EVERY = frozenset({"*"})
As = Callable[..., TestClient]


@pytest.fixture
def asking(standing: Office, tmp_path: Path) -> As:
    """`asking(role, units=…)`: a client of that principal over the office."""

    def client(role: str = Role.ADMINISTRATOR, *, units: frozenset[str] = EVERY) -> TestClient:
        principal = Principal(name=role, role=role, labels=EVERY, scopes=EVERY, units=units)
        app = service(Settings(home=tmp_path / "home"), standing.store, principal_of=lambda request: principal)
        return TestClient(app, base_url="http://127.0.0.1")

    return client


def test_pages_follow_one_another_to_the_end(asking: As) -> None:
    client, address, keys = asking(), "/occupancy?limit=3&as_of=2026-11-01", []
    while address:
        page = client.get(address).json()
        keys += [room["key"] for room in page["rooms"]]
        address = page["next"]
    assert keys == sorted(set(keys)) and len(keys) == 11


def test_findings_follow_one_another_too(asking: As) -> None:
    client, address, found = asking(), "/occupancy/findings?limit=2&as_of=2026-11-01", []
    while address:
        page = client.get(address).json()
        found += page["findings"]
        address = page["next"]
    assert len(found) == 5


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/occupancy?verdict=huge", 400),
        ("/occupancy?place=99999", 404),
        ("/occupancy?unit=U9", 404),
        ("/occupancy/totals?by=colour", 400),
        ("/units/U9/entitlement", 404),
        ("/entitlements?verdict=huge", 400),
        ("/energy?from=2026-13", 400),
        ("/energy?from=2026-03&to=2026-01", 400),
        ("/energy/building?building=99999", 404),
        ("/dispatches/findings?from=2026-03-02&to=2026-03-01", 400),
    ],
)
def test_what_cannot_be_answered_is_a_problem(asking: As, address: str, status: int) -> None:
    answer = asking().get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_every_answer_is_as_described(asking: As) -> None:
    client = asking()
    for address in ("/occupancy", "/occupancy/totals?by=storey", "/occupancy/findings", "/entitlements", "/units/U1/entitlement", "/energy",
                    "/energy/findings", "/assets/findings", "/vehicles/findings", "/dispatches/findings",
                    "/imports", "/imports/1/findings", "/imports/1/vanished"):  # fmt: skip
        assert client.get(address).status_code == 200, address


def test_what_if_answers_and_writes_nothing(asking: As) -> None:
    client = asking()
    rooms = client.get("/rooms?limit=100").json()["records"]
    place = next(step["id"] for room in rooms for step in room["place"]["path"] if step["name"] == "湖滨楼")
    answer = client.post("/what-if/move", json={"unit": "U1", "building": place, "as_of": "2026-11-01"})
    assert (answer.status_code, answer.json()["people"]) == (200, 5)
    assert client.get("/rooms?limit=100").json()["records"] == rooms
    assert client.post("/what-if/move", json={"unit": "U1"}).status_code == 400
    assert client.post("/what-if/move", json={"unit": "U1", "building": place, "least_m2": -1}).status_code == 400


def test_an_integrator_learns_numbers_and_no_names(asking: As) -> None:
    text = asking(Role.INTEGRATOR).get("/occupancy?as_of=2026-11-01").text
    assert "甲正处" not in text and '"people_count":2' in text.replace(" ", "")


def test_a_clerk_of_a_unit_has_its_rooms_and_no_others(asking: As) -> None:
    client = asking(Role.UNIT_CLERK, units=frozenset({"U2"}))
    assert {room["key"] for room in client.get("/occupancy").json()["rooms"]} == {"S101", "S102", "S103"}
    assert client.get("/units/U1/entitlement").status_code == 404
    assert [unit["unit"]["key"] for unit in client.get("/entitlements").json()["units"]] == ["U2"]


def test_a_viewer_has_none_of_it(asking: As) -> None:
    client = asking(Role.VIEWER)
    assert {client.get(address).status_code for address in ("/occupancy", "/entitlements", "/energy", "/vehicles/findings")} == {403}


def test_the_bureaus_own_limits_count(asking: As, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "codes"
    folder.mkdir(parents=True)
    row = '{ level = "provincial", words = "正处级", en = "division chief", ranks = ["division_chief"], area_m2 = 21.0 }'
    edition = (
        '[[edition]]\nsource = "闽管〔2026〕1号"\nedition = "2026"\nvalid_from = 2026-01-01\nverified = true\nrows = [\n  ' + row + "\n]\n"
    )
    (folder / "area_limits.toml").write_text(edition, encoding="utf-8")
    rooms = {room["key"]: room["verdict"] for room in asking().get("/occupancy?as_of=2026-11-01").json()["rooms"]}
    assert (rooms["R103"]["code"], rooms["R103"]["allowed_m2"], rooms["R103"]["limits"][0]["rule"]) == ("within", 21.0, "闽管〔2026〕1号")


def test_reports_are_files_with_the_numbers_of_the_answers(asking: As) -> None:
    from io import BytesIO
    from zipfile import ZipFile

    from python_calamine import CalamineWorkbook

    client = asking()
    answer = client.get("/reports/rooms?as_of=2026-11-01")
    book = CalamineWorkbook.from_filelike(BytesIO(answer.content))
    cells = {str(cell) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row}
    assert {"甲正处、子两处", "超标", "超 2 m² · 发改投资〔2014〕2674号 · 正处级 18 m²"} <= cells
    assert "attachment" in answer.headers["content-disposition"]
    packed = ZipFile(BytesIO(client.get("/reports/rooms?as_of=2026-11-01&format=csv&place=1").content))
    assert any(
        "R103" in packed.read(name).decode("utf-8-sig") or "103" in packed.read(name).decode("utf-8-sig") for name in packed.namelist()
    )
    assert client.get("/reports/energy?language=en").status_code == 200
    assert client.get("/reports/rooms?format=pdf").status_code == 400
    assert "甲正处" not in str(
        CalamineWorkbook.from_filelike(BytesIO(asking(Role.INTEGRATOR).get("/reports/rooms").content)).get_sheet_by_index(0).to_python()
    )
    assert asking(Role.VIEWER).get("/reports/rooms").status_code == 403
