"""An office of two storeys with a camera on each, the upper storey's rooms restricted: a home, and what its devices say."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bim import Anchor
from sensors import Batch, Observation, Stream
from spatial.feature import Kind
from tests.twin.files import SITE, Files
from tests.twin.hub.devices import moving
from tests.twin.store.builder import NOW
from twin.auth import LabelPolicy
from twin.imports.model import import_bim
from twin.imports.register import import_register
from twin.queries.place.scene import Scenes
from twin.settings import Settings
from twin.store import NewRevision, Store

__all__ = ["CAR", "SITE", "Guarded", "guarded_home"]

CAR = "闽A00007"
ANCHOR = Anchor(lon=SITE.lon, lat=SITE.lat, height_m=30.0, heading_deg=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A home; rooms by the storey they are on (name), the storeys' ids."""

    settings: Settings
    rooms: dict[str, str]
    storeys: dict[str, str]
    said_us: int

    def batches(self) -> list[Batch]:
        """Both cameras are tampered with, a car drives by."""
        at = self.said_us
        said = [
            Observation(device=f"camera/C-{name}", stream=Stream.ALARM, received_us=at, device_us=at, value={}, alarms=("tamper",))
            for name in self.storeys
        ]
        drive = moving("t", 1, {CAR: (SITE.lon + 4e-4, SITE.lat)}, at_us=at)
        return [drive, Batch(source="t", number=2, others=said)]


def guarded_home(folder: Path, files: Files) -> Guarded:
    """What is imported, with nobody who serves it."""
    settings = Settings(home=folder)
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        import_bim(store, settings, files.office_later, key="office", site=SITE.code, who="test", now=NOW, anchor=ANCHOR)
        storeys = {str(row.feature.name): str(row.feature.id) for row in store.features(SITE.code, None, kinds=[Kind.STOREY])}
        _restrict(store, storeys["2F"])
        rooms = _cameras(store, settings, storeys)
        cars = folder / "cars.csv"
        cars.write_text(f"车牌号\n{CAR}\n", encoding="utf-8")
        import_register(store, settings, "vehicle", cars, who="test", now=NOW)
    return Guarded(settings=settings, rooms=rooms, storeys=storeys, said_us=time.time_ns() // 1000)


def _cameras(store: Store, settings: Settings, storeys: dict[str, str]) -> dict[str, str]:
    """A camera in the middle of the largest room of each storey; the room's id by storey."""
    places = Scenes(store, settings).site(SITE.code)
    extents, rooms = places.extents, {}
    lines = ["摄像机编号\t摄像机名称\t经度\t纬度\t大地高\t坐标系\t可见范围"]
    for name, storey in storeys.items():
        row = max((row for row in places.rows["space"] if extents.words["storey"][row] == storey), key=lambda at: extents.area_m2[at])
        middle, (low, _) = extents.footprints[row].centroid, extents.z_ranges[row]
        lon, lat, height = places.frame.to_lon_lat_height(np.array([[middle.x, middle.y, low + 2.2]]))[0]
        label = "restricted" if name == "2F" else "public"
        lines.append(f"C-{name}\t{name}机\t{lon:.9f}\t{lat:.9f}\t{height:.3f}\tCGCS2000\t{label}")
        rooms[name] = extents.ids[row]
    path = settings.home / "cameras.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    import_register(store, settings, "camera", path, who="test", now=NOW)
    return rooms


def _restrict(store: Store, storey: str) -> None:
    """Record the office again with all that lies under a storey restricted; the storey itself stays public."""
    row = store.current_revision(SITE.code, "office")
    assert row is not None
    rows = list(store.features(SITE.code, None, model_key="office"))
    hidden = {item.feature.id for item in store.descendants(storey, None)}
    features = [replace(item.feature, label="restricted") if item.feature.id in hidden else item.feature for item in rows]
    names = ("file", "tool", "schema", "seconds", "similarity", "mesh_pack", "georeference", "counts")
    facts = {name: getattr(row, name) for name in names}
    new = NewRevision(site=SITE.code, model_key="office", kind="bim", name=row.model_name, sha256="f" * 64, who="policy", **facts)
    boxes = {item.feature.id: item.box for item in rows if item.box is not None}
    store.record_revision(new, features, boxes, store.ledger(row.id), [], now=NOW)
