"""Where a feature came from: file, content hash, entity."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Source", "sha256_of", "bytes_sha256"]


BLOCK_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The evidence behind a feature: file name, sha256 of its bytes, entity inside it (`#214 IfcWall`, `buildings/17`)."""

    file: str
    sha256: str
    entity: str
    global_id: str | None = None


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks so large that a thread seldom waits for Python's lock."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def bytes_sha256(content: bytes) -> str:
    """Hex SHA-256 of bytes in memory."""
    return hashlib.sha256(content).hexdigest()
