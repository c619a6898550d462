"""A building with cameras of a register, for tests that ask what they see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bim import Anchor
from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from tests.twin.files import SITE
from tests.twin.imports.conftest import NOW
from twin.auth import LabelPolicy
from twin.imports.model import import_bim
from twin.imports.register import import_register
from twin.settings import Settings
from twin.store import NewRevision, Store

__all__ = ["Watched", "camera_line", "watched"]

HEADER = (
    "摄像机编号,摄像机名称,经度,纬度,坐标系,大地高(m),朝向(°),俯仰角(°),焦距(mm),靶面宽(mm),靶面高(mm),"
    "水平像素,垂直像素,监视距离(m),可见范围,状态"
)
FRAME = SiteFrame.of(SITE)


@dataclass(frozen=True)
class Watched:
    """The home, and the rooms of its building by number; the frame of the building is the site's."""

    settings: Settings
    store: Store
    rooms: dict[str, Feature]

    def spot(self, room: str) -> tuple[float, float, float]:
        """A point on the floor of a room, site metres."""
        one = self.rooms[room]
        assert one.footprint is not None and one.z_range is not None
        point = one.footprint.representative_point()
        return point.x, point.y, one.z_range[0]

    def cameras(self, lines: Sequence[str]) -> None:
        """Import a register of cameras."""
        path = self.settings.home / "cameras.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
        import_register(self.store, self.settings, "camera", path, who="test", now=NOW)

    def relabel(self, labels: dict[str, str], *, note: str) -> None:
        """A revision of the building in which some features have other labels."""
        row = next(one for one in self.store.list_models(SITE.code) if one.mesh_pack is not None)
        found = list(self.store.features(SITE.code, None, model_key=row.model_key))
        features = [replace(one.feature, label=labels.get(str(one.feature.id), one.feature.label)) for one in found]
        boxes = {str(one.feature.id): one.box for one in found if one.box is not None}
        facts = {name: getattr(row, name) for name in ("model_key", "file", "sha256", "who", "tool", "schema", "seconds", "similarity")}
        new = NewRevision(site=SITE.code, kind=row.kind, name=row.model_name, mesh_pack=row.mesh_pack, options={"note": note}, **facts)
        self.store.record_revision(new, features, boxes, self.store.ledger(row.id), [], now=NOW)


def camera_line(key: str, xyz: Sequence[float], heading_deg: float, **said: Any) -> str:
    """One row of the register: a camera at a place in site metres, 90° wide, 50 m far, unless something else is said."""
    lon, lat, height = FRAME.to_lon_lat_height([xyz])[0].tolist()
    cells = {
        "name": key, "lon": f"{lon:.9f}", "lat": f"{lat:.9f}", "datum": "CGCS2000", "height": f"{height:.4f}", "heading": heading_deg,
        "tilt": 0.0, "focal": 2.4, "width": 4.8, "depth": 4.8, "across": 1920, "down": 1920, "range": 50, "label": "", "state": "在用",
    }  # fmt: skip
    return ",".join(str(cell) for cell in [key, *{**cells, **said}.values()])


def watched(folder: Path, model: Path, *, meshes: Path | None = None) -> Watched:
    """A home whose building stands at the origin of the site as it is drawn, its labels public, internal and restricted."""
    settings = Settings(home=folder) if meshes is None else Settings(home=folder, meshes_dir=meshes)
    anchor = Anchor(lon=SITE.lon, lat=SITE.lat, height_m=SITE.height_m, heading_deg=0.0)
    store = Store.open(settings.database_url)
    store.migrate()
    store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "internal", "restricted")))
    import_bim(store, settings, model, key="house", site=SITE.code, who="test", now=NOW, anchor=anchor)
    rooms = {str(row.feature.name): row.feature for row in store.features(SITE.code, None, kinds={Kind.SPACE})}
    return Watched(settings, store, rooms)


def heading_to(start: Sequence[float], end: Sequence[float]) -> float:
    """Clockwise from north."""
    return float(np.degrees(np.arctan2(end[0] - start[0], end[1] - start[1])) % 360)
