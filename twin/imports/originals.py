"""The originals: every imported file, kept under its hash."""

import os
import re
import shutil
from pathlib import Path

from spatial.source import sha256_of
from twin.errors import Refused

__all__ = ["default_key", "keep_original"]


def keep_original(path: Path, models_dir: Path) -> tuple[str, Path]:
    """The file's sha256 and where its copy lies, `{models_dir}/{sha256}{suffix}`; written once, atomically."""
    if not path.is_file():
        raise Refused(f"no such file: {path}", code="FILE_NOT_FOUND", path=str(path), hint="check the path")
    digest = sha256_of(path)
    models_dir.mkdir(parents=True, exist_ok=True)
    kept = models_dir / f"{digest}{''.join(path.suffixes[-2:]).lower()}"
    if not kept.exists():
        temporary = kept.with_name(f"{kept.name}.{os.getpid()}.part")
        shutil.copyfile(path, temporary)
        temporary.replace(kept)
    return digest, kept


def default_key(path: Path) -> str:
    """A file's stem as `[a-z0-9_-]`; refused where nothing of it is left (a purely Chinese name)."""
    key = re.sub(r"[^a-z0-9_-]+", "-", path.name.split(".")[0].lower()).strip("-")
    if not key:
        raise Refused(f"no key can be made from the name {path.name!r}", code="MODEL_KEY_MISSING", path=str(path), hint="give --model KEY")
    return key
