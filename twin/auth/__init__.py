"""Who may do what, and who may know of what: one function for REST, stream, tiles, export and counts. Default deny.

An *action* is allowed by role (`roles.toml`), on a site by scope; a *label* decides whether a feature exists for a reader at
all, a *unit* whether a record does. A *key* names a role and scopes; `Principal` is what the service makes of it.
"""

from twin.auth.labels import MAX_LABELS, LabelPolicy, Labels
from twin.auth.principal import (
    EVERY,
    Principal,
    Protected,
    Units,
    allows,
    anonymous,
    authorise,
    local_administrator,
    permitted_labels,
    permitted_units,
)
from twin.auth.roles import Action, Role, RoleRow, find_role, list_roles
from twin.auth.scopes import Grant, granted

__all__ = [
    "EVERY",
    "MAX_LABELS",
    "Action",
    "Grant",
    "LabelPolicy",
    "Labels",
    "Principal",
    "Protected",
    "Role",
    "RoleRow",
    "Units",
    "allows",
    "anonymous",
    "authorise",
    "find_role",
    "granted",
    "list_roles",
    "local_administrator",
    "permitted_labels",
    "permitted_units",
]
