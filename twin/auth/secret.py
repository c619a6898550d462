"""Keys and session tokens: 256 random bits, shown once, kept as a salted hash (docs/decisions/011-keys.md).

twin_k3f9a2b7cd_mZ0…43 characters…
     prefix     secret
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

__all__ = ["Secret", "digest_of", "is_same", "new_key", "new_salt", "new_token", "parse_key", "token_digest"]

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
PREFIX_LENGTH = 10
SALT_BYTES = 16
SECRET_BYTES = 32
FORM = re.compile(rf"twin_([{ALPHABET}]{{{PREFIX_LENGTH}}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secret:
    """A key's two parts; the second never appears in a representation of the object."""

    prefix: str
    secret: str

    def __repr__(self) -> str:
        return f"Secret({self.prefix})"

    def reveal(self) -> str:
        """The key in full, for the one time it is shown."""
        return f"twin_{self.prefix}_{self.secret}"


def new_key() -> Secret:
    """A new key: a prefix of 50 random bits to find it by, a secret of 256."""
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH))
    return Secret(prefix=prefix, secret=secrets.token_urlsafe(SECRET_BYTES))


def parse_key(text: str) -> Secret | None:
    """The parts of what somebody sent as a key, None where it is none."""
    match = FORM.fullmatch(text)
    return Secret(prefix=match[1], secret=match[2]) if match else None


def new_salt() -> str:
    """A salt, hexadecimal."""
    return secrets.token_hex(SALT_BYTES)


def digest_of(secret: Secret, salt: str) -> str:
    """HMAC-SHA-256 of the secret under the salt, hexadecimal: what the store keeps."""
    return hmac.new(bytes.fromhex(salt), secret.secret.encode(), hashlib.sha256).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def new_token() -> str:
    """A session's token: 256 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def token_digest(token: str) -> str:
    """SHA-256 of a session's token: what the store keeps and finds it by."""
    return hashlib.sha256(token.encode()).hexdigest()
