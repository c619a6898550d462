"""Checks and normal forms of columns by name: what `check =` and `normalise =` in `kinds/*.toml` call.

A check takes one value that is not empty, in its normal form, and returns its fault or None. Callers check distinct values.
"""

import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Final, TypeAlias

from twin.codes.asset_class import AssetClass, ClassScheme, check_asset_class, check_class_form, index_classes
from twin.codes.credit_code import check_credit_code
from twin.codes.device_id import DeviceType, check_device_id
from twin.codes.division import Division, check_division, index_divisions
from twin.codes.fault import Fault
from twin.codes.media_url import check_media_url, normalise_media_url
from twin.codes.plate import check_plate, normalise_plate
from twin.codes.tables import Tables
from twin.codes.vin import check_vin

__all__ = ["NORMALISERS", "Check", "CheckBeside", "checks_beside_of", "checks_of", "normalise_upper"]

Check: TypeAlias = Callable[[str], Fault | None]
CheckBeside: TypeAlias = Callable[..., Fault | None]
"""Of a value and those of the columns beside it, empty text for one that is missing."""


def normalise_upper(text: str) -> str:
    """Half width, capital letters, without blanks.

    >>> normalise_upper("９135 0211m00013fa1n ")
    '91350211M00013FA1N'
    """
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


@lru_cache(maxsize=4)
def checks_of(tables: Tables) -> Mapping[str, Check]:
    """Check of one value by name, against the given tables.

    `asset_class` alone can only say whether a code has the form of some edition; with the edition beside it see `checks_beside_of`.
    """
    return MappingProxyType(
        {
            "asset_class": partial(check_class_form, schemes=tables.rows(ClassScheme)),
            "alarm_input_id": partial(check_device_id, types=tables.rows(DeviceType), of="alarm_input"),
            "camera_id": partial(check_device_id, types=tables.rows(DeviceType), of="camera"),
            "device_id": partial(check_device_id, types=tables.rows(DeviceType)),
            "division": partial(check_division, divisions=index_divisions(tables.rows(Division))),
            "media_url": check_media_url,
            "plate": check_plate,
            "uscc": check_credit_code,
            "vin": check_vin,
        }
    )


@lru_cache(maxsize=4)
def checks_beside_of(tables: Tables) -> Mapping[str, tuple[tuple[str, ...], CheckBeside]]:
    """Checks that need other columns of the row: name → (those columns, the check). Only the first must be a column of the file.

    A check listed here is meant instead of the one of the same name in `checks_of`.
    """
    pair = partial(check_asset_class, schemes=tables.rows(ClassScheme), classes=index_classes(tables.rows(AssetClass)))
    return MappingProxyType({"asset_class": (("class_edition", "name"), pair)})


NORMALISERS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {"media_url": normalise_media_url, "plate": normalise_plate, "upper": normalise_upper}
)
"""Normal form of a text by name."""
