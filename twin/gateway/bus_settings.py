"""The broker that the settings name."""

from twin.errors import Refused
from twin.gateway.bus_address import BusAddress
from twin.settings import Settings

__all__ = ["bus_address"]


def bus_address(settings: Settings) -> BusAddress:
    """The broker of `TWIN_BUS_URL`; Refused (`BUS_URL_INVALID`) where there is none, `BUS_FILE_INVALID` for a file without a password."""
    if not settings.bus_url:
        raise Refused("there is no bus", code="BUS_URL_INVALID", path="TWIN_BUS_URL", hint="TWIN_BUS_URL=mqtt://user@host:1883")
    password = settings.bus_password.get_secret_value() if settings.bus_password is not None else None
    if settings.bus_password_file is not None:
        password = settings.bus_password_file.read_text(encoding="utf-8").strip()
        if not password:
            raise Refused("the file holds no password", code="BUS_FILE_INVALID", path=str(settings.bus_password_file))
    return BusAddress.parse(settings.bus_url, password=password, ca_file=settings.bus_ca_file)
