"""The root of the service: entity sets and conformance classes (OGC 18-088 §9.2.1)."""

from typing import Any

from twin.live.things import TYPES

__all__ = ["CONFORMANCE", "root_document"]

SPEC = "http://www.opengis.net/spec/iot_sensing/1.1"
CONFORMANCE = (
    *(
        f"{SPEC}/datamodel/{name}"
        for name in (
            "thing", "location", "historical-location", "datastream", "sensor", "observed-property", "observation", "feature-of-interest",
            "entity-control-information",
        )
    ),
    f"{SPEC}/resource-path/resource-path-to-entities",
    f"{SPEC}/request-data",
    f"{SPEC}/create-update-delete/create-entity",
    f"{SPEC}/create-update-delete/link-to-existing-entities",
    f"{SPEC}/create-update-delete/deep-insert",
    f"{SPEC}/create-update-delete/deep-insert-status-code",
    f"{SPEC}/create-update-delete/update-entity",
    f"{SPEC}/create-update-delete/update-entity-put",
    f"{SPEC}/create-update-delete/update-entity-jsonpatch",
    f"{SPEC}/create-update-delete/delete-entity",
    f"{SPEC}/create-update-delete/historical-location-auto-creation",
    f"{SPEC}/create-observations-via-data-array",
    f"{SPEC}/data-array/data-array",
)  # fmt: skip


def root_document(root: str) -> dict[str, Any]:
    """What there is under the address `root`, and what of the standard is supported."""
    return {
        "value": [{"name": one.plural, "url": f"{root}/{one.plural}"} for one in TYPES.values()],
        "serverSettings": {"conformance": list(CONFORMANCE)},
    }
