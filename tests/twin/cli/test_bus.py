"""`twin bus`: files out of registers and keys, passwords shown once, a broker asked."""

from pathlib import Path

import pytest

from tests.homes import Home, new_home

SITE = ["site", "add", "ps", "--name", "屏山", "--origin", "119.3,26.1,20", "--crs", "EPSG:4549", "--geoid-separation", "10"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two gates, one of a key that topics escape, and keys of several roles."""
    folder = tmp_path_factory.mktemp("bus")
    home = new_home(folder)
    assert home.run_here(*SITE).code == 0
    register = folder / "gates.csv"
    register.write_text("出入口编号,出入口名称\nG-1,西门\n东/门 2,东门\n", encoding="utf-8")
    assert home.run_here("import", "register", "gate", register).code in (0, 3)
    for name, role, scopes in (
        ("统计局", "integrator", ["site:*", "unit:*"]),
        ("一院", "integrator", ["site:ps", "unit:*"]),
        ("二院", "integrator", ["site:*", "unit:11350000"]),
        ("王工", "viewer", []),
    ):
        made = home.run_here("key", "add", name, "--role", role, *(part for scope in scopes for part in ("--scope", scope)))
        assert made.code == 0, made.document
    return home


def test_the_lists_name_devices_machines_and_gateways_and_no_people(home: Home, tmp_path: Path) -> None:
    done = home.run_here("bus", "acl", tmp_path, "--gateway", "twin", "--gateway", "north")
    assert done.code == 0, done.document
    assert done.document["devices"]["gate"] == 2
    machine = next(user for user in done.document["others"] if user.startswith("machine."))
    assert done.document["others"] == ["hub", "gateway.twin", "gateway.north", machine]
    assert done.document["left_out"] == [
        {"name": "一院", "reason": "for some sites only"},
        {"name": "二院", "reason": "for some units only"},
    ]
    text = (tmp_path / "twin.acl").read_text("utf-8")
    assert f"# 统计局\nuser {machine}\ntopic read pingshan/v1/out/public/#\n" in text
    assert "王工" not in text
    assert "一院" not in text
    assert "二院" not in text


def test_passwords_are_shown_once_or_written_to_a_private_file_and_end_with_their_user(home: Home, tmp_path: Path) -> None:
    one = home.run_here(
        "bus", "password", tmp_path, "--user", "gateway.twin", "--user", "gateway.old", "--gateway", "twin", "--gateway", "old"
    )
    assert one.code == 0, one.document
    secret = one.document["passwords"]["gateway.twin"]
    many = home.run_here("bus", "password", tmp_path, "--kind", "gate", "--to", tmp_path / "gates")
    assert (many.document["made"], many.document["passwords"]) == (["gate/G-1", "gate/东%2F门%202"], {})
    assert (tmp_path / "gates").stat().st_mode & 0o777 == 0o600
    again = home.run_here("bus", "password", tmp_path, "--kind", "gate", "--to", tmp_path / "more")
    assert again.document["made"] == []
    kept = (tmp_path / "twin.passwd").read_text("utf-8")
    assert secret not in kept
    acl = home.run_here("bus", "acl", tmp_path)
    assert acl.document["passwords"]["removed"] == ["gateway.old"]
    assert "gateway.old" not in (tmp_path / "twin.passwd").read_text("utf-8")
    assert "gateway.twin" in (tmp_path / "twin.passwd").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["acl", "{folder}", "--format", "rabbit"], "BUS_FORMAT_UNKNOWN"),
        (["acl", "{folder}", "--gateway", "a/b"], "BUS_NAME_INVALID"),
        (["password", "{folder}", "--user", "gate/G-9"], "BUS_USER_UNKNOWN"),
        (["password", "{folder}", "--kind", "person"], "BUS_USER_UNKNOWN"),
        (["password", "{folder}", "--kind", "gate", "--to", "{folder}"], "BUS_FILE_INVALID"),
        (["check"], "BUS_URL_INVALID"),
    ],
)
def test_what_is_refused_says_why_and_changes_nothing(home: Home, tmp_path: Path, arguments: list[str], code: str) -> None:
    done = home.run_here("bus", *(part.format(folder=tmp_path) for part in arguments))
    assert (done.code, done.document["error"]["code"]) == (1, code)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "url", "code"),
    [
        (["--bus", "south"], "", "BUS_URL_INVALID"),
        (["--bus", "so/uth"], "mqtt://127.0.0.1:1", "BUS_NAME_INVALID"),
        (["--mqtt"], "mqtt://127.0.0.1:1", "BUS_NAME_INVALID"),
    ],
)
def test_a_gateway_elsewhere_has_a_broker_and_a_name(
    home: Home, monkeypatch: pytest.MonkeyPatch, arguments: list[str], url: str, code: str
) -> None:
    monkeypatch.setenv("TWIN_BUS_URL", url)
    done = home.run_here("gateway", "--port", "0", *arguments)
    assert (done.code, done.document["error"]["code"]) == (1, code)


def test_a_check_of_a_broker_that_is_not_there_says_so_without_the_password(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("very secret\n", encoding="utf-8")
    monkeypatch.setenv("TWIN_BUS_URL", "mqtt://gateway.twin@127.0.0.1:1")
    monkeypatch.setenv("TWIN_BUS_PASSWORD_FILE", str(tmp_path / "password"))
    done = home.run_here("bus", "check")
    assert (done.code, done.document["error"]["code"]) == (1, "BUS_REFUSED")
    assert "very secret" not in str(done.document)
