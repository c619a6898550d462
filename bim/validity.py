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
    ifcopenshell.validate.validate(ifc, logger)
    lines = tuple(_line(statement) for statement in logger.statements)
    if not lines:
        return None
    more = f" and {len(lines) - _LISTED_MAX} more" if len(lines) > _LISTED_MAX else ""
    message = f"{name}: {len(lines)} values do not fit the schema: {'; '.join(lines[:_LISTED_MAX])}{more}"
    return IfcValueInvalid(message, values=lines, hint="mend these values, or export the file again")


def _line(statement: dict[str, Any]) -> str:
    entity, _, _ = str(statement.get("instance", "")).partition("(")
    found = str(statement["message"]).partition("Value:\n")[2].partition("\nNot valid")[0].strip()
    attribute = statement.get("attribute")
    return f"{entity.replace('=', ' ')}{f'.{attribute}' if attribute else ''}" + (f" = {found[:40]}" if found else "")
