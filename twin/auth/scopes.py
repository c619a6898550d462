"""Scopes of a key: `site:CODE`, `unit:CODE`, `label:NAME`, with `*` for all of a kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from twin.auth.principal import EVERY, Principal
from twin.auth.roles import Role, find_role, list_roles
from twin.errors import Refused

__all__ = ["Grant", "granted", "parse_scopes"]

KINDS: Mapping[str, str] = MappingProxyType({"site": "scopes", "unit": "units", "label": "labels"})
"""Kind of scope → the field of Principal it fills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a key gives: a role and, sorted, every scope with those the role has by itself."""

    role: str
    scopes: tuple[str, ...]

    def principal(self, name: str) -> Principal:
        """The principal that the key of this name stands for."""
        named = parse_scopes(self.scopes)
        return Principal(name=name, role=self.role, **{field: named.get(kind, frozenset()) for kind, field in KINDS.items()})


def granted(role: str, scopes: Iterable[str]) -> Grant:
    """The grant of a role and the scopes that were named; a kind that was not named gets the role's own (`roles.toml`).

    >>> granted("unit_clerk", ["unit:11350000"]).scopes
    ('label:public', 'site:*', 'unit:11350000')

    Refused: `ROLE_UNKNOWN`, `SCOPE_INVALID`, and `SCOPE_MISSING` where the role has none of its own for a kind it cannot do without.
    """
    row = find_role(role)
    if row is None or role == Role.ANONYMOUS:
        known = ", ".join(one.name for one in list_roles())
        raise Refused(f"there is no role {role!r}", code="ROLE_UNKNOWN", path=role, hint=f"one of {known}")
    named = parse_scopes(scopes)
    own = parse_scopes(row.scopes)
    needed = {"site", "label", *(["unit"] if "read_record" in row.actions else [])}
    missing = sorted(needed - named.keys() - own.keys())
    if missing:
        raise Refused(
            f"a key of role {role} says which {' and '.join(missing)} it is for",
            code="SCOPE_MISSING",
            path=role,
            hint=" ".join(f"--scope {kind}:…" for kind in missing),
        )
    return Grant(role=role, scopes=tuple(sorted(f"{kind}:{name}" for kind, names in (own | named).items() for name in names)))


def parse_scopes(scopes: Iterable[str]) -> dict[str, frozenset[str]]:
    """Kind → names; Refused (`SCOPE_INVALID`) for what has another form."""
    found: dict[str, set[str]] = {}
    for scope in scopes:
        kind, colon, name = scope.partition(":")
        if kind not in KINDS or not colon or not name.strip() or name != name.strip():
            raise Refused(
                f"{scope!r} is not a scope", code="SCOPE_INVALID", path=scope, hint="site:CODE, unit:CODE or label:NAME; * is all of a kind"
            )
        found.setdefault(kind, set()).add(name)
    return {kind: frozenset({EVERY}) if EVERY in names else frozenset(names) for kind, names in found.items()}
