"""Files of a home: which belong to a backup, and how they get there: linked where the disk is the same, else copied."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from twin.settings import Settings

__all__ = ["derived_folders", "folders_of", "iter_kept", "keep", "sync_folder"]


def folders_of(settings: Settings) -> Mapping[str, Path]:
    """Folder of a backup → folder of the home: originals and mesh packs by their hash, and the bureau's own code tables."""
    return {"models": settings.models_dir, "meshes": settings.meshes_dir, "codes": settings.home / "codes"}


def derived_folders(settings: Settings) -> tuple[Path, ...]:
    """What is made from the records and made again when it is missing: not in a backup, removed where one is restored."""
    return (settings.tiles_dir, settings.home / "columns")


def iter_kept(settings: Settings, packs: frozenset[str]) -> Iterator[tuple[str, Path]]:
    """(path in the backup, file) of all that is kept; of the mesh folder, which is a cache too, the packs alone."""
    for name, folder in folders_of(settings).items():
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            inside = path.relative_to(folder)
            ready = path.is_file() and not any(part.startswith(".") for part in inside.parts)
            if ready and (name != "meshes" or inside.as_posix() in packs):
                yield f"{name}/{inside.as_posix()}", path


def keep(source: Path, target: Path) -> None:
    """The file under a second name in one step, whatever was there; linked where it can be: kept files are replaced, never changed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return  # renaming one link of a file onto another does nothing and leaves both (POSIX rename)
    incoming = target.with_name(f".incoming-{os.getpid()}-{target.name}")
    incoming.unlink(missing_ok=True)
    try:
        os.link(source, incoming)
    except OSError:
        shutil.copyfile(source, incoming)
        _sync(incoming)
    incoming.replace(target)


def sync_folder(folder: Path) -> None:
    """Let every file and folder below reach the disk."""
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
