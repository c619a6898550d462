"""Which values of a file are of another type than the schema wants: asked only when reading it has failed."""

from typing import Any

from bim.errors import IfcValueInvalid

__all__ = ["find_invalid_values"]

_LISTED_MAX = 5


def find_invalid_values(ifc: Any, name: str) -> IfcValueInvalid | None:
    """The refusal of an ifcopenshell file called `name` whose values do not fit their attributes; None where all fit.

    It takes a second a megabyte, so nobody asks for a file that reads.
    """
    import ifcopenshell.validate  # loads the schema rules

    logger = ifcopenshell.validate.json_logger()
    stumbled: tuple[str, ...] = ()
    try:
        ifcopenshell.validate.validate(ifc, logger)
    except (AttributeError, TypeError, ValueError) as error:
        stumbled = (f"ifcopenshell's own validation ends with {error}",)
    lines = tuple(line for statement in logger.statements if (line := _find_line(statement))) + stumbled
    if not lines:
        return None
    more = f" and {len(lines) - _LISTED_MAX} more" if len(lines) > _LISTED_MAX else ""
    message = f"{name}: {len(lines)} values do not fit the schema: {'; '.join(lines[:_LISTED_MAX])}{more}"
    return IfcValueInvalid(message, values=lines, hint="mend these values, or export the file again")


def _find_line(statement: dict[str, Any]) -> str | None:
    """`#22 IfcBuildingStorey.Elevation = text`; None where a value is only missing, which the readers bear."""
    found = str(statement["message"]).partition("Value:\n")[2].partition("\nNot valid")[0].strip()
    if found in ("", "None"):
        return None
    entity = str(statement.get("instance", "")).partition("(")[0].replace("=", " ")
    attribute = str(statement.get("attribute") or "").rpartition(".")[2]
    return f"{entity}.{attribute} = {found[:40]}"
