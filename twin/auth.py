"""Who may do what, and who may know of what: one function for REST, stream, tiles, export and counts. Default deny.

An *action* is allowed by role, on a site by scope; a *label* decides whether a feature exists for a reader at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from spatial.feature import PUBLIC
from twin.errors import Forbidden, Invalid, NotFound

__all__ = [
    "EVERY",
    "MAX_LABELS",
    "ROLE_ACTIONS",
    "Action",
    "LabelPolicy",
    "Labels",
    "Principal",
    "Protected",
    "Role",
    "authorise",
    "local_administrator",
    "permitted_labels",
]

EVERY = "*"
Labels: TypeAlias = frozenset[str] | None
MAX_LABELS = 16
LABEL_FORM = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class Action(StrEnum):
    """What can be asked for."""

    READ_PAGE = "read_page"
    READ_SITE = "read_site"
    READ_FEATURE = "read_feature"
    READ_TILES = "read_tiles"
    READ_LEDGER = "read_ledger"
    ADD_SITE = "add_site"
    IMPORT_MODEL = "import_model"
    BUILD_TILES = "build_tiles"


class Role(StrEnum):
    """What a principal is there for."""

    ADMINISTRATOR = "administrator"
    EDITOR = "editor"
    VIEWER = "viewer"


_READS = frozenset({Action.READ_PAGE, Action.READ_SITE, Action.READ_FEATURE, Action.READ_TILES})
ROLE_ACTIONS: Mapping[str, frozenset[Action]] = MappingProxyType(
    {
        Role.ADMINISTRATOR: frozenset(Action),
        Role.EDITOR: _READS | {Action.READ_LEDGER, Action.IMPORT_MODEL, Action.BUILD_TILES},
        Role.VIEWER: _READS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks: `labels` they may know of and `scopes` (site codes) they may touch; `"*"` in either is all of them, empty is none."""

    name: str
    role: str
    labels: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPolicy:
    """The labels a site knows (1 to 16, `[a-z][a-z0-9_-]*`) and the one a feature gets when nothing else is said.

    Raises Invalid.
    """

    labels: tuple[str, ...] = (PUBLIC,)
    default: str = PUBLIC

    def __post_init__(self) -> None:
        if not 1 <= len(self.labels) <= MAX_LABELS:
            raise Invalid(f"a site has 1 to {MAX_LABELS} labels, not {len(self.labels)}")
        if len(set(self.labels)) < len(self.labels):
            raise Invalid(f"labels occur twice: {', '.join(self.labels)}")
        wrong = [label for label in self.labels if not LABEL_FORM.fullmatch(label)]
        if wrong:
            raise Invalid(f"not a label: {', '.join(map(repr, wrong))}", hint="lower-case letters, digits, - and _, at most 32")
        if self.default not in self.labels:
            raise Invalid(f"the default label {self.default!r} is not among {', '.join(self.labels)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """What is asked for: something of a site (or of none: the list of sites, a new site), with a label where it has one."""

    site: str | None = None
    label: str | None = None
    path: str = ""


def authorise(principal: Principal, action: Action, obj: Protected | None) -> None:
    """Return where it is allowed; raise Forbidden for the role or the scope, NotFound for a label the principal may not know of.

    None asks for the action alone, before it is known on what.
    """
    if action not in ROLE_ACTIONS.get(principal.role, frozenset()):
        raise Forbidden(f"{principal.name} ({principal.role}) may not {action}", path=obj.path if obj else "")
    if obj is None:
        return
    if obj.site is not None and not principal.scopes & {EVERY, obj.site}:
        raise Forbidden(f"site {obj.site} is outside the scope of {principal.name}", path=obj.path)
    if obj.label is not None and not principal.labels & {EVERY, obj.label}:
        raise NotFound(f"{obj.path or 'it'} does not exist", path=obj.path)


def permitted_labels(principal: Principal) -> Labels:
    """The labels the principal may know of, as every read of features takes them: None is every label, the empty set none."""
    return None if EVERY in principal.labels else principal.labels


def local_administrator() -> Principal:
    """Who asks when the service is bound to the loopback address: every action, label and site."""
    return Principal(name="local", role=Role.ADMINISTRATOR, labels=frozenset({EVERY}), scopes=frozenset({EVERY}))
