"""Roles and what each may do, as rows of `roles.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["Action", "Role", "RoleRow", "find_role", "list_roles"]


class Action(StrEnum):
    """What can be asked for."""

    SIGN_IN = "sign_in"
    READ_PAGE = "read_page"
    READ_SITE = "read_site"
    READ_FEATURE = "read_feature"
    READ_TILES = "read_tiles"
    READ_LEDGER = "read_ledger"
    READ_RECORD = "read_record"
    READ_PERSON = "read_person"
    READ_VALUE = "read_value"
    READ_REPORT = "read_report"
    READ_AUDIT = "read_audit"
    READ_LIVE = "read_live"
    HANDLE_INCIDENT = "handle_incident"
    COMMAND_VEHICLE = "command_vehicle"
    WRITE_RECORD = "write_record"
    DECIDE_LINK = "decide_link"
    FILE_REQUEST = "file_request"
    DECIDE_REQUEST = "decide_request"
    STOCKTAKE = "stocktake"
    READ_TRACK = "read_track"
    WRITE_OBSERVATION = "write_observation"
    ADD_SITE = "add_site"
    IMPORT_MODEL = "import_model"
    IMPORT_REGISTER = "import_register"
    BUILD_TILES = "build_tiles"
    MANAGE_KEYS = "manage_keys"
    BACKUP = "backup"
    SHARE = "share"


class Role(StrEnum):
    """The roles that ship; a row added to `roles.toml` is a role too."""

    ADMINISTRATOR = "administrator"
    EDITOR = "editor"
    SECURITY_OFFICER = "security_officer"
    SPACE_PLANNER = "space_planner"
    ASSET_MANAGER = "asset_manager"
    FLEET_MANAGER = "fleet_manager"
    UNIT_CLERK = "unit_clerk"
    INTEGRATOR = "integrator"
    AUDITOR = "auditor"
    VIEWER = "viewer"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """A role: its words, its actions, and the scopes (`kind:name`) of its keys for each kind of scope that a key does not name."""

    name: str
    zh: str
    en: str
    actions: frozenset[Action]
    scopes: tuple[str, ...]


def find_role(name: str) -> RoleRow | None:
    """The row of a role, None for what is none.

    >>> find_role("viewer").zh
    '浏览'
    """
    return _rows().get(name)


def list_roles() -> list[RoleRow]:
    """Every role that a person or a program can be given, in the order of the file; not that of who has not signed in."""
    return [row for row in _rows().values() if row.name != Role.ANONYMOUS]


@cache
def _rows() -> Mapping[str, RoleRow]:
    document = tomllib.loads(files("twin.auth").joinpath("roles.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: _row(name, facts) for name, facts in document["role"].items()})


def _row(name: str, facts: Mapping[str, Any]) -> RoleRow:
    actions = frozenset(Action) if facts["actions"] == ["*"] else frozenset(map(Action, facts["actions"]))
    return RoleRow(name=name, zh=facts["zh"], en=facts["en"], actions=actions, scopes=tuple(facts["scopes"]))
