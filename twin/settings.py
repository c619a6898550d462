"""Settings: what may differ between two installations, read once from `TWIN_…` by the command line and passed down."""

import ipaddress
import os
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


def _in_home(folder: str) -> Any:
    return lambda data: data["home"] / folder if "home" in data else Path(folder)


def _records(data: dict[str, Any]) -> str:
    return f"sqlite:///{data['home'] / 'records.sqlite'}" if "home" in data else ""


class Settings(BaseSettings):
    """One installation. Each field is the environment variable `TWIN_<FIELD>`; paths are made absolute, `~` is expanded.

    >>> Settings(home="/srv/twin").database_url
    'sqlite:////srv/twin/records.sqlite'
    """

    model_config = SettingsConfigDict(env_prefix="TWIN_", frozen=True, extra="forbid", env_ignore_empty=True)

    home: Path = Field(default=Path("twin-home"), description="folder of everything the twin keeps; default ./twin-home")
    database_url: str = Field(
        default_factory=_records,
        description="SQLAlchemy URL of the records: sqlite:///FILE or postgresql+psycopg://…; default records.sqlite in home",
    )
    meshes_dir: Path = Field(
        default_factory=_in_home("meshes"),
        description="content-addressed meshes, also the geometry cache: may be shared by several homes; default meshes in home",
    )
    tiles_dir: Path = Field(default_factory=_in_home("tiles"), description="tilesets as served; default tiles in home")
    models_dir: Path = Field(
        default_factory=_in_home("models"), description="imported originals, content-addressed; default models in home"
    )
    backups_dir: Path = Field(
        default_factory=_in_home("backups"),
        description="backups that twin upgrade and twin restore --replace take by themselves; default backups in home",
    )
    host: str = Field(default="127.0.0.1", description="address the service binds; any other than a loopback one needs keys")
    proxy_addresses: str = Field(
        default="",
        description="addresses of TLS proxies whose X-Forwarded-… headers are believed, by commas; keys are then needed on any host",
    )
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port of the service; 0 takes a free one")
    gateway_host: str = Field(default="127.0.0.1", description="address at which terminals of vehicles (JT/T 808) connect")
    gateway_port: int = Field(
        default=7808, ge=-1, le=65535, description="TCP port for terminals (JT/T 808); 0 takes a free one, -1 starts no gateway"
    )
    workers: int = Field(default=1, ge=1, description="processes that serve")
    connections: int | None = Field(
        default=None,
        ge=4,
        description="connections a worker holds at once, at most; default 8000; never more than the files it may open, less 512",
    )
    watchers_per_key: int = Field(
        default=500, ge=1, description="lines of /live and /events that one key may have open in one worker; of all, 3/4 of its connections"
    )
    geometry_budget_s: float = Field(
        default=10.0, gt=0, description="seconds of wall time one IFC element may take in one geometry engine before the next is asked"
    )
    bus_url: str = Field(
        default="",
        description="broker beyond this machine: mqtt://user@host:1883 or mqtts://…, without a password; empty: a Unix socket is the bus",
    )
    bus_password: SecretStr | None = Field(default=None, description="password of the user in TWIN_BUS_URL; a file keeps it better")
    bus_password_file: Path | None = Field(default=None, description="file that holds that password and nothing else")
    bus_ca_file: Path | None = Field(default=None, description="authority that signed the broker's certificate; default the system's")
    bus_shared: bool = Field(default=False, description="whether several gateways divide what devices publish on the broker")
    lock_timeout_s: float = Field(default=30.0, gt=0, description="seconds a writer waits for another writer of the records")

    @property
    def needs_keys(self) -> bool:
        """Whether whoever asks must have a key: on any but a loopback address, and behind a proxy."""
        return bool(self.proxy_addresses) or not _is_loopback(self.host)

    @field_validator("home", "meshes_dir", "tiles_dir", "models_dir", "backups_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return Path(os.path.abspath(value.expanduser()))  # noqa: PTH100  Path.resolve would follow a symlinked home

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("TWIN_DATABASE_URL begins with sqlite:/// or postgresql+psycopg://")
        return value


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
