"""What SensorThings declines, by the errors of the roof."""

from twin.errors import Invalid, NotFound
from twin.errors import Refused as _Refused

__all__ = ["NoSuchEntity", "OwnedByRegister", "PathInvalid", "ThingInvalid"]


class PathInvalid(NotFound):
    """A path that leads nowhere: no such entity set, navigation property or member."""

    code = "PATH_INVALID"


class NoSuchEntity(NotFound):
    """No entity of that id, or none for this reader."""

    code = "NOT_FOUND"


class ThingInvalid(Invalid):
    """An entity whose members or links do not hold."""

    code = "THING_INVALID"


class OwnedByRegister(_Refused):
    """A change of what is derived from a register: 405; the register is where it is changed."""

    code = "METHOD_NOT_ALLOWED"
