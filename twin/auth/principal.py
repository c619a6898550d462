"""Who asks, for what, and whether they may: one function, default deny."""

from dataclasses import dataclass
from typing import TypeAlias

from twin.auth.labels import Labels
from twin.auth.roles import Action, Role, find_role
from twin.errors import Forbidden, NotFound, Unauthenticated

__all__ = [
    "EVERY",
    "Principal",
    "Protected",
    "Units",
    "allows",
    "anonymous",
    "authorise",
    "local_administrator",
    "permitted_labels",
    "permitted_units",
]

EVERY = "*"
Units: TypeAlias = frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks: `labels` they may know of, `scopes` (site codes) they may touch, `units` whose records they may see or decide.

    A unit stands for all units below it too. `"*"` in any of the three is all of them, empty is none.
    """

    name: str
    role: str
    labels: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """What is asked for: something of a site (or of none: the list of sites, a new site), with a label where it has one.

    `units` is said of a record: the code of the unit that owns it and of all units above that one; `()` is a record that
    belongs to no unit, which only those see who see every unit. None is said of what is no record.
    """

    site: str | None = None
    label: str | None = None
    units: tuple[str, ...] | None = None
    path: str = ""


def authorise(principal: Principal, action: Action, obj: Protected | None) -> None:
    """Return where it is allowed.

    Raises Unauthenticated for who has not signed in, Forbidden for the role or the site, NotFound for a label or a unit's
    record the principal may not know of. None asks for the action alone, before it is known on what.
    """
    path = obj.path if obj else ""
    if not allows(principal, action):
        if principal.role == Role.ANONYMOUS:
            raise Unauthenticated("a key is needed", path=path, hint="Authorization: Bearer KEY, or sign in at /login")
        raise Forbidden(f"{principal.name} ({principal.role}) may not {action}", path=path)
    if obj is None:
        return
    if obj.site is not None and not principal.scopes & {EVERY, obj.site}:
        raise Forbidden(f"site {obj.site} is outside the scope of {principal.name}", path=obj.path)
    hidden = obj.label is not None and not principal.labels & {EVERY, obj.label}
    if hidden or (obj.units is not None and not principal.units & {EVERY, *obj.units}):
        raise NotFound(f"{obj.path or 'it'} does not exist", path=obj.path)


def allows(principal: Principal, action: Action) -> bool:
    """Whether the principal's role has the action; a role that nobody knows has none."""
    row = find_role(principal.role)
    return row is not None and action in row.actions


def permitted_labels(principal: Principal) -> Labels:
    """The labels the principal may know of, as every read of features takes them: None is every label, the empty set none."""
    return None if EVERY in principal.labels else principal.labels


def permitted_units(principal: Principal) -> Units:
    """The units whose records, with those of all units below, the principal may know of, as every read of records takes them.

    None is every unit and what belongs to no unit; the empty set is no record at all.
    """
    return None if EVERY in principal.units else principal.units


def local_administrator() -> Principal:
    """Who asks when the service is bound to the loopback address: every action, label, site and unit."""
    every = frozenset({EVERY})
    return Principal(name="local", role=Role.ADMINISTRATOR, labels=every, scopes=every, units=every)


def anonymous() -> Principal:
    """Who asks without a key where keys are demanded: may sign in, and nothing else."""
    return Principal(name="anonymous", role=Role.ANONYMOUS)
