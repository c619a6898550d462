"""Backups: one folder that holds one state of the records, on either database, with every file they refer to.

    manifest.json    what is in it: tables' version, revisions, rows, each file's size and SHA-256
    records.sqlite   the records as a SQLite file, wherever they came from (docs/decisions/012)
    models/, meshes/ the originals and mesh packs; codes/ the bureau's own code tables

`back_up` writes one, `restore` brings one into a home, `upgrade` does the first before it changes tables.
"""

from twin.store.backup.manifest import BackupFile, Manifest, read_manifest, verify
from twin.store.backup.restore import Restored, restore
from twin.store.backup.upgrade import Upgrade, upgrade
from twin.store.backup.write import back_up

__all__ = ["BackupFile", "Manifest", "Restored", "Upgrade", "back_up", "read_manifest", "restore", "upgrade", "verify"]
