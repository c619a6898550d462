"""Energy of institutions in kilograms of standard coal, per m², per person, and against the median of their kind; over columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from twin.codes import Fault, Tables, shipped_tables
from twin.codes.energy import KgceFactor
from twin.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Column: TypeAlias = NDArray[np.float64]

__all__ = [
    "Comparison",
    "Indicators",
    "check_stated_kgce",
    "choose_factors",
    "compare_with_kind",
    "indicators_of",
    "kgce_of",
]

STATED_AGREES: Final = 0.005
"""Share by which a stated figure may differ from the product that explains it: sheets round to whole kilograms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    """Columns of length n, NaN where they cannot be told: kgce/m² and kWh/m² of building area, kgce and m³ of water a person."""

    kgce_m2: "Column"
    kgce_person: "Column"
    kwh_m2: "Column"
    water_m3_person: "Column"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`ratio` (n,) is value over the median of its kind, NaN where the kind is too small; median and number of values by kind."""

    ratio: "Column"
    median: Mapping[str, float]
    number: Mapping[str, int]


def choose_factors(on: date, basis: Mapping[str, str] | None = None, tables: Tables | None = None) -> Mapping[str, KgceFactor]:
    """The factor of each carrier on a day: the default one, or the basis asked for by name (`{"gas": "mine"}`).

    0.404 kgce/kWh is had only as `{"electricity": "thermal_equivalent"}`: the caller then labels the figure. Raises Refused,
    `KGCE_BASIS_UNKNOWN`, for a basis that no row has.
    """
    rows = (tables or shipped_tables()).rows_on(KgceFactor, on)
    chosen = {row.carrier: row for row in rows if row.by_default}
    for carrier, name in (basis or {}).items():
        row = next((row for row in rows if (row.carrier, row.basis) == (carrier, name)), None)
        if row is None:
            known = ", ".join(row.basis for row in rows if row.carrier == carrier) or "none"
            message = f"no factor of {carrier} on the basis {name}"
            raise Refused(message, code="KGCE_BASIS_UNKNOWN", path=carrier, hint=f"bases of {carrier}: {known}")
        chosen[carrier] = row
    return MappingProxyType(chosen)


def kgce_of(consumption: Mapping[str, "Column"], factors: Mapping[str, KgceFactor]) -> "Column":
    """Kilograms of standard coal, (n,): Σ consumption × factor over the carriers, in the units of the factors (kWh, kg, m³, GJ).

    NaN in a carrier means nothing was reported and adds nothing; where no carrier was reported the sum is NaN. Columns without a factor
    (water) are left out. 1,000 kWh and 100 kg of petrol are 122.9 + 147.14 = 270.04 kgce.
    """
    import numpy as np

    columns = [np.asarray(column, dtype=np.float64) * factors[name].factor for name, column in consumption.items() if name in factors]
    if not columns:
        raise Refused("no column of a carrier that has a factor", code="KGCE_NO_CARRIER", hint=f"carriers: {', '.join(factors)}")
    stacked = np.stack(columns)
    return np.where(np.isnan(stacked).all(axis=0), np.nan, np.nansum(stacked, axis=0))


def indicators_of(kgce: "Column", *, area_m2: "Column", people: "Column", kwh: "Column", water_m3: "Column") -> Indicators:
    """The four indicators; NaN where a part is missing or the divisor is not above zero, never infinity."""
    return Indicators(
        kgce_m2=_ratio(kgce, area_m2),
        kgce_person=_ratio(kgce, people),
        kwh_m2=_ratio(kwh, area_m2),
        water_m3_person=_ratio(water_m3, people),
    )


def compare_with_kind(values: "Column", kinds: "NDArray[np.str_]", *, least: int = 5) -> Comparison:
    """Each value over the median of its kind. NaN does not count; a kind with fewer values than `least` has no median to compare with."""
    import numpy as np

    names, of = np.unique(kinds, return_inverse=True)
    ratio = np.full(len(values), np.nan)
    median: dict[str, float] = {}
    number: dict[str, int] = {}
    for position, name in enumerate(names.tolist()):
        members = np.flatnonzero(of == position)
        finite = values[members][np.isfinite(values[members])]
        number[name] = len(finite)
        if len(finite) >= least:
            median[name] = float(np.median(finite))
            ratio[members] = _ratio(values[members], np.full(len(members), median[name]))
    return Comparison(ratio=ratio, median=MappingProxyType(median), number=MappingProxyType(number))


def check_stated_kgce(kwh: float, stated_kgce: float, on: date, tables: Tables | None = None) -> Fault | None:
    """`KGCE_FACTOR_OLD` where a sheet's figure for electricity is explained by another basis than the default, else None.

    404 kgce stated for 1,000 kWh is the old thermal equivalent; by the calorific value it is 122.9.
    """
    if kwh <= 0:
        return None
    rows = [row for row in (tables or shipped_tables()).rows_on(KgceFactor, on) if row.carrier == "electricity"]
    for row in rows:
        if not row.by_default and abs(kwh * row.factor - stated_kgce) <= STATED_AGREES * stated_kgce:
            right = next(other for other in rows if other.by_default)
            message = f"{stated_kgce:g} kgce for {kwh:g} kWh is {row.zh} ({row.factor:g}); by {right.zh} it is {kwh * right.factor:g}"
            return Fault(code="KGCE_FACTOR_OLD", message=message)
    return None


def _ratio(above: "Column", below: "Column") -> "Column":
    import numpy as np

    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    out = np.full(np.broadcast(above, below).shape, np.nan)
    with np.errstate(over="ignore"):
        np.divide(above, below, out=out, where=below > 0)
    return np.where(np.isfinite(out), out, np.nan)
