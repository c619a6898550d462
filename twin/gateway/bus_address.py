"""Where the broker is and as whom: `TWIN_BUS_URL` with the password beside it, never in it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote, urlsplit

from twin.errors import Refused

__all__ = ["BusAddress"]

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True, kw_only=True)
class BusAddress:
    """A broker: `tls` verifies its certificate against `ca_file`, or the system's authorities. The password is in no representation."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def parse(cls, url: str, *, password: str | None = None, ca_file: Path | None = None) -> Self:
        """The address of `mqtt://user@host:1883` or `mqtts://…`; Refused (`BUS_URL_INVALID`) for any other, and for a password within.

        >>> BusAddress.parse("mqtt://north@10.0.0.7", password="x")
        BusAddress(host='10.0.0.7', port=1883, tls=False, user='north', ca_file=None)
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _refused("it cannot be read") from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise _refused("it begins with mqtt:// or mqtts:// and names a host")
        if parts.password is not None:
            raise _refused("it holds a password, which every list of processes shows")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise _refused("nothing follows the host and port")
        user = unquote(parts.username) if parts.username else None
        return cls(
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            tls=parts.scheme == "mqtts",
            user=user,
            password=password,
            ca_file=ca_file,
        )

    def __str__(self) -> str:
        """The URL again, without the password.

        >>> str(BusAddress.parse("mqtts://bus.example"))
        'mqtts://bus.example:8883'
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{f'{quote(self.user, safe=str())}@' if self.user else ''}{host}:{self.port}"


def _refused(why: str) -> Refused:
    return Refused(
        f"TWIN_BUS_URL: {why}",
        code="BUS_URL_INVALID",
        path="TWIN_BUS_URL",
        hint="mqtt://user@host:1883 or mqtts://user@host:8883; the password in TWIN_BUS_PASSWORD or TWIN_BUS_PASSWORD_FILE",
    )
