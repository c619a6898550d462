"""Two revisions of a model side by side: what the later one brought, no longer has, and says otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from twin.errors import NotFound, Refused
from twin.queries.changes.features import differing_fields
from twin.store import FeatureRow, RevisionRow, Store

__all__ = ["diff_model"]


def diff_model(
    store: Store, model_key: str, *, site: str | None = None, earlier: int | None = None, later: int | None = None
) -> dict[str, Any]:
    """What differs between two revisions by their numbers: by default the last one and the one before it.

    Features are the same by their ids (`{model}:{GlobalId}`), so that what is drawn anew under the same id is `changed` and names its
    fields with their old and new values; of a shape only that it differs. A first revision is compared with nothing.
    Raises NotFound for a model or a number that is not there, Refused (`MODEL_AMBIGUOUS`) where several sites have such a model.
    """
    revisions = _revisions(store, model_key, site)
    after = _numbered(revisions, later) if later is not None else revisions[-1]
    before = (
        _numbered(revisions, earlier) if earlier is not None else next((row for row in revisions if row.number == after.number - 1), None)
    )
    old, new = (_features(store, row) for row in (before, after))
    changed = [{**_named(new[one]), "fields": fields} for one in new if one in old and (fields := differing_fields(old[one], new[one]))]
    found = {
        "added": [_named(row) for one, row in new.items() if one not in old],
        "removed": [_named(row) for one, row in old.items() if one not in new],
        "changed": changed,
    }
    counts = {name: len(rows) for name, rows in found.items()}
    return {
        "model": model_key,
        "site": after.site,
        "from": None if before is None else before.name,
        "to": after.name,
        "counts": {**counts, "unchanged": len(new.keys() & old.keys()) - len(changed)},
        "by_class": {name: dict(sorted(Counter(row["class"] for row in rows).items())) for name, rows in found.items()},
        **found,
    }


def _revisions(store: Store, model_key: str, site: str | None) -> list[RevisionRow]:
    codes = [one.code for one in store.list_sites()] if site is None else [store.get_site(site).code]
    found = [rows for code in codes if (rows := store.list_revisions(code, model_key))]
    if not found:
        raise NotFound(f"there is no model {model_key}", path=model_key, hint="twin status lists them")
    if len(found) > 1:
        sites = ", ".join(rows[0].site for rows in found)
        raise Refused(f"{model_key} is a model of several sites: {sites}", code="MODEL_AMBIGUOUS", path=model_key, hint="say --site")
    return found[0]


def _numbered(revisions: Sequence[RevisionRow], number: int) -> RevisionRow:
    for row in revisions:
        if row.number == number:
            return row
    there = f"1 to {revisions[-1].number}"
    raise NotFound(f"{revisions[-1].model_key} has no revision {number}", path=str(number), hint=f"there are {there}")


def _features(store: Store, revision: RevisionRow | None) -> dict[str, FeatureRow]:
    if revision is None:
        return {}
    rows = store.features(revision.site, None, model_key=revision.model_key, at=revision.id)
    return {str(row.feature.id): row for row in rows}


def _named(row: FeatureRow) -> dict[str, Any]:
    feature = row.feature
    return {"id": str(feature.id), "class": feature.class_name, "name": feature.name, "storey": feature.storey}
