"""Addresses of streams and snapshots on a media gateway, which hold no secret."""

import re
from urllib.parse import parse_qsl, urlsplit

from twin.codes.fault import Fault

__all__ = ["check_media_url", "normalise_media_url"]

SCHEMES = frozenset({"http", "https", "rtsp", "rtsps", "ws", "wss", "webrtc", "rtmp"})
SECRETS = frozenset({"token", "password", "passwd", "pwd", "secret", "key", "sign", "signature", "auth", "access_token"})
HIDDEN = "***"
USER = re.compile(r"(?<=//)[^/?#]*@")
HELD = re.compile(rf"(?i)([?&](?:{'|'.join(sorted(SECRETS))})=)[^&#]*")


def normalise_media_url(text: str) -> str:
    """The address with stars for what is secret in it, so that no register, finding or log comes to hold it.

    >>> normalise_media_url("rtsp://admin:12345@10.0.0.9/1?token=7")
    'rtsp://***@10.0.0.9/1?token=***'
    """
    return HELD.sub(rf"\g<1>{HIDDEN}", USER.sub(f"{HIDDEN}@", text.strip()))


def check_media_url(text: str) -> Fault | None:
    """The fault of an address, or None: `MEDIA_URL_FORM`; `MEDIA_URL_SECRET` where a user, a password or a token stands in it.

    >>> check_media_url("rtsp://admin:12345@10.0.0.9/1").code
    'MEDIA_URL_SECRET'
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return Fault(code="MEDIA_URL_FORM", message=f"no address: {error}")
    if "@" in parts.netloc:
        return Fault(code="MEDIA_URL_SECRET", message="a user or password stands in the address: the media gateway has to keep it")
    if parts.scheme not in SCHEMES or not host:
        return Fault(code="MEDIA_URL_FORM", message=f"{text}: an address begins with {', '.join(sorted(SCHEMES))} and names a host")
    held = sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if name.casefold() in SECRETS)
    if held:
        return Fault(code="MEDIA_URL_SECRET", message=f"{', '.join(held)} in the address: the media gateway has to keep it")
    return None
