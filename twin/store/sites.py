"""Sites: added once, never changed in silence."""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from spatial.frame import Site
from twin.auth import LabelPolicy
from twin.errors import Invalid, SiteTaken, SiteUnknown
from twin.store import schema
from twin.store.database import next_id
from twin.store.values import from_json, to_json, to_microseconds

__all__ = ["add_site", "count_change", "get_policy", "get_site", "list_sites", "site_row", "sites_by_id"]

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
FACTS = ["code", "name", "lon", "lat", "height_m", "crs", "geoid_separation_m", "radius_m", "division"]
_SITES = select(schema.site).order_by(schema.site.c.code)


def add_site(connection: Connection, site: Site, policy: LabelPolicy, now: datetime) -> bool:
    """Whether the site was added: False where it is there with the same facts, SiteTaken where with others."""
    if not CODE.fullmatch(site.code):
        raise Invalid(f"{site.code!r} is not a site code", path=site.code, hint="letters, digits, - and _, at most 64")
    table = schema.site
    facts: dict[str, Any] = asdict(site) | {"labels": to_json(policy.labels), "default_label": policy.default}
    present = connection.execute(select(table).where(table.c.code == site.code)).mappings().one_or_none()
    if present is not None:
        differing = [name for name, value in facts.items() if present[name] != value]
        if differing:
            raise SiteTaken(
                f"site {site.code} exists with another {', '.join(differing)}", path=site.code, hint="choose another code for another site"
            )
        return False
    facts |= {"id": next_id(connection, table), "scene_revision": 0, "created_us": to_microseconds(now)}
    connection.execute(insert(table).values(facts))
    return True


def get_site(connection: Connection, code: str) -> Site:
    """The site of a code; raises SiteUnknown."""
    row = site_row(connection, code)
    return Site(**{name: row[name] for name in FACTS})


def list_sites(connection: Connection) -> list[Site]:
    """All sites, by code."""
    return list(sites_by_id(connection).values())


def sites_by_id(connection: Connection) -> dict[int, Site]:
    """All sites by their ids, in the order of their codes."""
    rows = connection.execute(_SITES).mappings()
    return {int(row["id"]): Site(**{name: row[name] for name in FACTS}) for row in rows}


def get_policy(connection: Connection, code: str) -> LabelPolicy:
    """The labels of a site; raises SiteUnknown."""
    row = site_row(connection, code)
    return LabelPolicy(labels=tuple(from_json(row["labels"])), default=row["default_label"])


def site_row(connection: Connection, code: str) -> RowMapping:
    """The row of a site; raises SiteUnknown."""
    row = connection.execute(select(schema.site).where(schema.site.c.code == code)).mappings().one_or_none()
    if row is None:
        known = connection.execute(select(func.count()).select_from(schema.site)).scalar_one()
        raise SiteUnknown(
            f"there is no site {code!r}", path=code, hint="twin status lists the sites" if known else "add one with twin site add"
        )
    return row


def count_change(connection: Connection, site_id: int) -> None:
    """Let the site's scene revision grow by one: readers' caches of it are old from the commit on."""
    table = schema.site
    connection.execute(update(table).where(table.c.id == site_id).values(scene_revision=table.c.scene_revision + 1))
