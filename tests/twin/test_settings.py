"""Settings from the environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from twin.settings import Settings


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TWIN_{name.upper()}", raising=False)


def test_everything_lies_in_the_home_by_default(tmp_path: Path) -> None:
    settings = Settings()
    home = tmp_path / "twin-home"
    assert settings.home == home
    assert settings.database_url == f"sqlite:///{home}/records.sqlite"
    assert (settings.meshes_dir, settings.tiles_dir, settings.models_dir) == (home / "meshes", home / "tiles", home / "models")
    assert settings.host == "127.0.0.1"
    assert not home.exists()


def test_a_home_moves_what_is_not_said_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TWIN_HOME", "elsewhere")
    monkeypatch.setenv("TWIN_MESHES_DIR", "/var/cache/twin")
    settings = Settings()
    assert settings.tiles_dir == tmp_path / "elsewhere" / "tiles"
    assert settings.meshes_dir == Path("/var/cache/twin")


def test_a_tilde_is_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/liu")
    assert Settings(home=Path("~/twin")).database_url == "sqlite:////home/liu/twin/records.sqlite"


@pytest.mark.parametrize(("name", "value"), [("PORT", "70000"), ("WORKERS", "0"), ("LOCK_TIMEOUT_S", "-1"), ("DATABASE_URL", "mysql://x")])
def test_a_value_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TWIN_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_PORT", "")
    assert Settings().port == 8000


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
