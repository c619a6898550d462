"""Mesh packs: what a revision's tiles are made of, one file in `meshes_dir`, written aside and moved into place."""

from spatial.mesh import MeshSet, write_mesh_set
from twin.imports.originals import find_original
from twin.settings import Settings
from twin.store import RevisionRow
from twin.store.staging import staging

__all__ = ["is_complete", "keep_pack"]


def keep_pack(settings: Settings, name: str, meshes: MeshSet) -> None:
    """Write a pack under its name, in one step: two imports at once leave one of the two, never a mixture."""
    with staging(settings.meshes_dir) as incoming:
        write_mesh_set(meshes, incoming / name)
        (incoming / name).replace(settings.meshes_dir / name)


def is_complete(settings: Settings, revision: RevisionRow) -> bool:
    """Whether a revision's meshes and original are still there; where they are not, importing the same bytes brings them back."""
    return (settings.meshes_dir / str(revision.mesh_pack)).is_file() and find_original(settings, revision) is not None
