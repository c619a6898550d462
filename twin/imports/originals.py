"""The originals: every imported file, kept under its hash once its import succeeds."""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from spatial.errors import SpatialError
from spatial.source import sha256_of
from twin.errors import NotFound, Refused
from twin.settings import Settings
from twin.store import RevisionRow
from twin.store.staging import staging

__all__ = ["default_key", "file_sha256", "is_original_kept", "find_original", "keep_original", "original_of", "staged_copy"]


def file_sha256(path: Path) -> str:
    """The hash of a file; Refused (`FILE_NOT_FOUND`) for what is none."""
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise Refused(f"{path} {what}", code="FILE_NOT_FOUND", path=str(path), hint="check the path")
    return sha256_of(path)


@contextmanager
def staged_copy(path: Path, models_dir: Path, meanwhile: Callable[[], object] = lambda: None) -> Iterator[Path]:
    """A copy of a file under its own name, read instead of it: the file may change or vanish meanwhile. Errors name the file itself.

    `meanwhile` is done while it is copied.
    """
    with staging(models_dir) as incoming:
        with ThreadPoolExecutor(1) as copying:
            copied = copying.submit(shutil.copyfile, path, incoming / path.name)
            meanwhile()
        copy = Path(copied.result())
        try:
            yield copy
        except SpatialError as error:
            error.args = (str(error).replace(str(copy), path.name), *error.args[1:])
            raise


def keep_original(staged: Path, sha256: str, models_dir: Path) -> None:
    """Move a staged file to `{models_dir}/{sha256}{suffixes}`, in one step."""
    staged.replace(models_dir / f"{sha256}{''.join(staged.suffixes[-2:]).lower()}")


def is_original_kept(sha256: str, models_dir: Path) -> bool:
    """Whether a file of these bytes is kept."""
    return next(models_dir.glob(f"{sha256}*"), None) is not None


def find_original(settings: Settings, revision: RevisionRow) -> Path | None:
    """Where the kept original of a revision lies, None where it is gone."""
    return next(iter(sorted(settings.models_dir.glob(f"{revision.sha256}*"))), None)


def original_of(settings: Settings, revision: RevisionRow) -> Path:
    """Where the kept original of a revision lies; NotFound (`ORIGINAL_LOST`) where it is gone."""
    found = find_original(settings, revision)
    if found is None:
        raise NotFound(
            f"the original of {revision.name} ({revision.file}) is not in {settings.models_dir}",
            code="ORIGINAL_LOST",
            path=revision.file,
            hint="import the same file again",
        )
    return found


def default_key(path: Path) -> str:
    """A file's stem as `[a-z0-9_-]`; refused where nothing of it is left (a purely Chinese name)."""
    key = re.sub(r"[^a-z0-9_-]+", "-", path.name.split(".")[0].lower()).strip("-")
    if not key:
        raise Refused(
            f"no key can be made from the name {path.name!r}",
            code="MODEL_KEY_MISSING",
            path=str(path),
            hint="name it: --model KEY for a building model, --layer KEY for a city file",
        )
    return key
