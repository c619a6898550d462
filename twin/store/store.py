"""The store: one door to sites, revisions and features, whichever database lies behind it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from spatial.feature import Feature, Kind
from spatial.frame import Site, SiteFrame
from spatial.issue import Issue
from spatial.mesh import Float64
from twin.auth import LabelPolicy, Labels
from twin.store import features as _features
from twin.store import migrate as _migrate
from twin.store import record as _record
from twin.store import revisions as _revisions
from twin.store import sites as _sites
from twin.store.database import Database, open_database
from twin.store.keys import Keys
from twin.store.record import Progress
from twin.store.rows import FeatureRow, LedgerEntry, NewRevision, RevisionRow

__all__ = ["Store"]


class Store:
    """Sites, models, revisions with ledger and findings, and the features of the scene.

    Every call sees one committed state; readers never wait for a writer. `labels` is what the reader may know of
    (`twin.auth.permitted_labels`): None is every label and said in so many words, the empty set sees nothing. `site` may
    stay out where an id is unique over all sites; Invalid (`FEATURE_AMBIGUOUS`) where it is not. Any call raises
    StoreUnavailable where the database cannot be used. Safe to share between threads, to be opened anew in each process.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str, *, lock_timeout_s: float = 30.0) -> Self:
        """The store at a `sqlite:///FILE` or `postgresql+psycopg://…` URL; a writer waits `lock_timeout_s` for another.

        >>> with Store.open("sqlite:///twin-home/records.sqlite") as store: store.migrate()
        """
        return cls(open_database(url, lock_timeout_s=lock_timeout_s))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    @property
    def database(self) -> Database:
        """The connections, for `twin.records`, which keeps its own tables in the same database, and for backups."""
        return self._database

    def migrate(self) -> None:
        """Bring the tables up to date in one transaction; nothing where they are. Raises StoreUnavailable where they are newer."""
        with self._database.reading() as connection:
            if _migrate.is_current(connection):
                return
        with self._database.writing() as connection:
            _migrate.migrate(connection)

    @property
    def keys(self) -> Keys:
        """The keys and sessions."""
        return Keys(self._database)

    # Sites

    def add_site(self, site: Site, *, now: datetime, policy: LabelPolicy | None = None) -> bool:
        """Whether the site was added: False where it is there with the same facts; SiteTaken with others, Invalid for a bad code.

        Without a policy the site knows the label `public` alone.
        """
        with self._database.writing() as connection:
            return _sites.add_site(connection, site, policy or LabelPolicy(), now)

    def get_site(self, code: str) -> Site:
        """The site of a code; raises SiteUnknown."""
        with self._database.reading() as connection:
            return _sites.get_site(connection, code)

    def list_sites(self) -> list[Site]:
        """All sites, by code."""
        with self._database.reading() as connection:
            return _sites.list_sites(connection)

    def site_ids(self) -> dict[int, Site]:
        """Id in the store → site, by code; tables of `twin.records` name sites by id."""
        with self._database.reading() as connection:
            return _sites.sites_by_id(connection)

    def label_policy(self, code: str) -> LabelPolicy:
        """The labels a site knows; raises SiteUnknown."""
        with self._database.reading() as connection:
            return _sites.get_policy(connection, code)

    def scene_revision(self, code: str) -> int:
        """A number that grows with every recorded revision of the site, 0 before the first; raises SiteUnknown."""
        with self._database.reading() as connection:
            return int(_sites.site_row(connection, code)["scene_revision"])

    # Revisions

    def record_revision(
        self,
        new: NewRevision,
        features: Sequence[Feature],
        boxes: Mapping[str, Float64],
        ledger: Sequence[LedgerEntry],
        issues: Sequence[Issue],
        *,
        now: datetime,
        shared_ids_at_least: float = 0.0,
        progress: Progress | None = None,
    ) -> RevisionRow:
        """The new current revision of the model, in one transaction: readers see the old one until it is complete.

        Footprints, z ranges and boxes ((2, 3) metres, by feature id) are in the site frame, or absent. A feature whose
        content is the same keeps its row (and with it the file it first came from); content is all but the source's file,
        hash and entity number, metres compared to 0.01 mm. Others get a new row; vanished ones are ended. Where the current
        revision has the same bytes and options it is returned and nothing is written.

        Raises SiteUnknown, LabelUnknown, ModelKeyTaken (a model of another kind has the key, or one that shares less than
        `shared_ids_at_least` of its ledger's ids, 0 to 1), Invalid (the key's form), StoreBusy; ValueError for what a reader
        must not produce: an id twice or of another model, a parent that is not among the features, a ring, a box that is not
        finite. `progress` takes (features done, features).
        """
        rows = _record.encoded(new, features, boxes, SiteFrame.of(self.get_site(new.site)))
        with self._database.writing() as connection:
            return _record.record_revision(
                connection, new, features, rows, ledger, issues, now=now, shared_ids_at_least=shared_ids_at_least, progress=progress
            )

    def find_revision(self, site: str, model_key: str, sha256: str, *, options: Mapping[str, Any] | None = None) -> RevisionRow | None:
        """The newest revision of a model that came from these bytes with these options; look at `current`."""
        with self._database.reading() as connection:
            return _revisions.find_revision(connection, site, model_key, sha256, options or {})

    def current_revision(self, site: str, model_key: str) -> RevisionRow | None:
        """The revision of a model that readers see, None where there is no such model."""
        with self._database.reading() as connection:
            return _revisions.find_current(connection, site, model_key)

    def get_revision(self, revision_id: int) -> RevisionRow:
        """A revision by its id; raises NotFound."""
        with self._database.reading() as connection:
            return _revisions.revision_row(connection, revision_id)

    def list_models(self, site: str) -> list[RevisionRow]:
        """The current revision of every model of a site, by key; raises SiteUnknown."""
        with self._database.reading() as connection:
            return _revisions.list_models(connection, site)

    def list_revisions(self, site: str, model_key: str) -> list[RevisionRow]:
        """Every revision of a model, oldest first; none where there is no such model."""
        with self._database.reading() as connection:
            return _revisions.list_revisions(connection, site, model_key)

    def share_of_known_ids(self, site: str, model_key: str, local_ids: Collection[str]) -> float:
        """Of the smaller of the two sets, the file's ids and the current ledger's, the share that is in both: 0.0 to 1.0.

        1.0 where the model is unknown or its ledger empty (nothing contradicts), 0.0 where only the file is empty.
        """
        with self._database.reading() as connection:
            return _revisions.share_of_known_ids(connection, site, model_key, local_ids)

    def ledger(self, revision_id: int, *, outcome: str | None = None) -> list[LedgerEntry]:
        """The ledger of a revision in the order it was read, or one outcome of it; raises NotFound."""
        with self._database.reading() as connection:
            return _revisions.list_ledger(connection, revision_id, outcome)

    def issues(self, revision_id: int) -> list[Issue]:
        """The findings of a revision in the order they were made; raises NotFound."""
        with self._database.reading() as connection:
            return _revisions.list_issues(connection, revision_id)

    # Features

    def get_feature(self, feature_id: str, labels: Labels, *, site: str | None = None) -> FeatureRow:
        """The current state of a feature; raises NotFound."""
        with self._database.reading() as connection:
            return _features.get_feature(connection, feature_id, labels, site)

    def find_features(self, ids: Collection[str], labels: Labels, *, site: str | None = None) -> dict[str, FeatureRow]:
        """Id → current state, of those that exist."""
        with self._database.reading() as connection:
            return _features.find_features(connection, ids, labels, site)

    def roots(self, site: str, labels: Labels, *, kinds: Collection[Kind] | None = None) -> list[FeatureRow]:
        """The features of a site that lie under nothing, each model's and city layer's, in the order of siblings."""
        with self._database.reading() as connection:
            return _features.roots(connection, site, labels, kinds)

    def children(
        self,
        feature_id: str,
        labels: Labels,
        *,
        limit: int,
        kind: Kind | None = None,
        after: str | None = None,
        site: str | None = None,
    ) -> list[FeatureRow]:
        """At most `limit` features directly below; go on with `after`, the id of the last one. Raises NotFound.

        The order of siblings: storeys from below, else by name with numbers as numbers, then by id.
        """
        with self._database.reading() as connection:
            return _features.children(connection, feature_id, labels, site, None if kind is None else [kind], after, limit)

    def descendants(
        self, feature_id: str, labels: Labels, *, kinds: Collection[Kind] | None = None, site: str | None = None
    ) -> Iterator[FeatureRow]:
        """Everything under a feature at any depth, nearest first; raises NotFound at the first step."""
        with self._database.reading() as connection:
            yield from _features.iter_descendants(connection, feature_id, labels, site, kinds)

    def path(self, feature_id: str, labels: Labels, *, site: str | None = None) -> list[FeatureRow]:
        """What lies above a feature, the root first, the feature itself not among them; raises NotFound."""
        with self._database.reading() as connection:
            return _features.path(connection, feature_id, labels, site)

    def features(
        self,
        site: str,
        labels: Labels,
        *,
        model_key: str | None = None,
        kinds: Collection[Kind] | None = None,
        at: int | None = None,
    ) -> Iterator[FeatureRow]:
        """The features of a site or of one model, in the order in which they first came; raises SiteUnknown at the first step.

        `at` is a revision's id: the state that revision left, so that features match the mesh pack read before them.
        """
        with self._database.reading() as connection:
            yield from _features.iter_features(connection, site, labels, model_key, kinds, at)

    def counts(self, site: str, labels: Labels, *, model_key: str | None = None) -> dict[Kind, int]:
        """How many features of each kind a site has, or one model of it."""
        with self._database.reading() as connection:
            return _features.counts(connection, site, labels, model_key)

    def counts_under(self, ids: Collection[str], labels: Labels, *, site: str | None = None) -> dict[str, dict[Kind, int]]:
        """Id → kind → how many lie under it at any depth, itself not counted; ids that do not exist are left out."""
        with self._database.reading() as connection:
            return _features.counts_under(connection, ids, labels, site)

    def bounds(self, site: str, labels: Labels) -> Float64 | None:
        """Lowest and highest corner over all boxes of a site, (2, 3) metres in its frame; None where nothing has a box."""
        with self._database.reading() as connection:
            return _features.bounds(connection, site, labels)
