"""DXF drawings: the outlines and texts on the room layers of a plan, in metres, every entity of those layers accounted for."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from cim.errors import PlanInvalid
from spatial.mesh import Float64

__all__ = ["Drawing", "Label", "Outline", "read_drawing"]

MOST_BYTES: Final = 200_000_000
MOST_ENTITIES: Final = 200_000
MOST_PARTS: Final = 10_000
ROOM_LAYERS: Final = re.compile(r"room|space|a-area|房间|房号|空间|室名", re.IGNORECASE)
CLOSED_M: Final = 0.001
SAGITTA_M: Final = 0.01
NAMED_UNITS: Final = {"mm": 0.001, "cm": 0.01, "m": 1.0}
UNICODE: Final = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
CHINESE: Final = re.compile(r"[一-鿿㎡]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outline:
    """A polyline of a room layer, `xy` (n, 2) float64 metres of the drawing, `gap_m` between its ends where it is open."""

    entity: str
    handle: str
    xy: Float64
    gap_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Label:
    """A text of a room layer at `xy` (2,) metres; `tag` is that of a block's attribute, else empty."""

    entity: str
    handle: str
    xy: Float64
    text: str
    tag: str = ""


@dataclass(slots=True, eq=False)
class Drawing:
    """What a plan has on its room layers; `others` names the entities that are neither outline nor text, with what they are."""

    version: str
    unit_m: float
    layers: tuple[str, ...]
    outlines: list[Outline] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    others: list[tuple[str, str, str]] = field(default_factory=list)
    repaired: int = 0


def read_drawing(path: Path, file: str, *, layers: Sequence[str] = (), unit: str | None = None) -> Drawing:
    """The room layers of a DXF (R12 to R2018, text or binary): those named, else those whose name says room.

    `unit` (mm, cm, m) serves where $INSUNITS says none. Text in GBK is read by $DWGCODEPAGE, and recognised where that is wrong.
    Raises PlanInvalid: no DXF, too large, no unit (PLAN_UNIT_UNKNOWN), no room layer (PLAN_WITHOUT_ROOMS).
    """
    document = _opened(path, file)
    chosen = _room_layers(document, layers, file)
    drawing = Drawing(version=str(document.acad_release), unit_m=_unit(document, unit, file), layers=tuple(sorted(chosen.values())))
    found = 0
    for entity in document.modelspace():
        if entity.dxf.layer not in chosen:
            continue
        found += 1
        if found > MOST_ENTITIES:
            raise PlanInvalid(f"{file} has more than {MOST_ENTITIES:,} entities on its room layers", hint="name fewer with --layers")
        _take(drawing, entity, chosen[entity.dxf.layer], str(document.encoding))
    if drawing.repaired:
        drawing.labels = [replace(label, text=_repaired(label.text, str(document.encoding), "gb18030")) for label in drawing.labels]
    return drawing


def _opened(path: Path, file: str) -> Any:
    from ezdxf.filemanagement import readfile
    from ezdxf.lldxf.const import DXFError

    size = path.stat().st_size
    if size > MOST_BYTES:
        raise PlanInvalid(f"{file} has {size / 1e6:,.0f} MB, more than {MOST_BYTES / 1e6:,.0f}", hint="cut the plan out of the drawing")
    with path.open("rb") as stream:
        head = stream.read(6)
    if head.startswith(b"AC10"):
        raise PlanInvalid(f"{file} is a DWG", hint="save it as DXF")
    try:
        return readfile(path)
    except (DXFError, OSError, ValueError, UnicodeError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise PlanInvalid(f"{file} cannot be read as DXF: {error}", hint="save it again from the CAD program") from error


def _unit(document: Any, unit: str | None, file: str) -> float:
    from ezdxf import units
    from ezdxf.enums import InsertUnits

    stated = int(document.header.get("$INSUNITS", 0))
    if stated:
        return float(units.conversion_factor(InsertUnits(stated), InsertUnits.Meters))
    if unit is None:
        raise PlanInvalid(
            f"{file} does not say its unit ($INSUNITS is 0)", code="PLAN_UNIT_UNKNOWN", hint="name it with --unit mm, cm or m"
        )
    return NAMED_UNITS[unit]


def _room_layers(document: Any, wanted: Sequence[str], file: str) -> dict[str, str]:
    """The chosen layers as the entities spell them, and as people do."""
    spelled = {str(entity.dxf.layer) for entity in document.modelspace()}
    names = {layer: _repaired(layer, str(document.encoding)) for layer in spelled}
    used = sorted(set(names.values()))
    chosen = {layer: name for layer, name in names.items() if (name in wanted if wanted else ROOM_LAYERS.search(name))}
    if not chosen:
        raise PlanInvalid(
            f"{file} has nothing on a layer {' or '.join(wanted) or 'of rooms'}; it has {', '.join(used[:20]) or 'none'}"
            + (f" and {len(used) - 20} more" if len(used) > 20 else ""),
            code="PLAN_WITHOUT_ROOMS",
            hint="name the layers of outlines and numbers with --layers",
        )
    return chosen


def _take(drawing: Drawing, entity: Any, layer: str, encoding: str) -> None:
    kind, handle = entity.dxftype(), str(entity.dxf.handle)
    name = f"{layer} {kind} {handle}"
    if kind == "INSERT":
        parts = list(islice(chain(entity.attribs, entity.virtual_entities()), MOST_PARTS + 1))
        if len(parts) > MOST_PARTS:
            drawing.others.append((name, kind, f"a block of more than {MOST_PARTS:,} parts, not looked into"))
            return
        before = len(drawing.outlines) + len(drawing.labels)
        for number, part in enumerate(parts, start=1):
            _simple(drawing, part, f"{name}/{number} {part.dxftype()}", f"{handle}-{number}", encoding)
        taken = len(drawing.outlines) + len(drawing.labels) - before
        drawing.others.append((name, kind, f"a block, of whose {len(parts)} parts {taken} are outlines or texts"))
    elif not _simple(drawing, entity, name, handle, encoding):
        drawing.others.append((name, kind, f"a {kind} is neither the outline nor the text of a room"))


def _simple(drawing: Drawing, entity: Any, name: str, handle: str, encoding: str) -> bool:
    kind = entity.dxftype()
    if kind in ("LWPOLYLINE", "POLYLINE") and not (kind == "POLYLINE" and not entity.is_2d_polyline):
        xy, gap = _points(entity, drawing.unit_m)
        drawing.outlines.append(Outline(entity=name, handle=handle, xy=xy, gap_m=gap))
    elif kind in ("TEXT", "MTEXT", "ATTRIB"):
        tag = str(entity.dxf.tag) if kind == "ATTRIB" else ""
        at = np.array(_anchor(entity)[:2], dtype=np.float64) * drawing.unit_m
        for line in _lines(drawing, str(entity.plain_text()), encoding):
            drawing.labels.append(Label(entity=name, handle=handle, xy=at, text=line, tag=tag))
    else:
        return False
    return True


def _points(entity: Any, unit_m: float) -> tuple[Float64, float]:
    from ezdxf import path

    closed = bool(entity.closed if entity.dxftype() == "LWPOLYLINE" else entity.is_closed)
    route = path.make_path(entity)
    corners = [(point.x, point.y) for point in route.flattening(SAGITTA_M / unit_m)]
    xy = np.array(corners, dtype=np.float64).reshape(-1, 2) * unit_m
    gap = float(np.hypot(*(xy[-1] - xy[0]))) if len(xy) else 0.0
    return xy, 0.0 if closed or gap <= CLOSED_M else gap


def _anchor(entity: Any) -> tuple[float, float]:
    if entity.dxftype() == "MTEXT":
        return entity.dxf.insert.x, entity.dxf.insert.y
    _, start, _ = entity.get_placement()
    point = entity.ocs().to_wcs(start)
    return point.x, point.y


def _lines(drawing: Drawing, said: str, encoding: str) -> Iterator[str]:
    for line in _unescaped(said).splitlines():
        known = _repaired(line, encoding)
        drawing.repaired += known != line
        if known.strip():
            yield known.strip()


def _unescaped(said: str) -> str:
    r"""Text with `\U+623F`, which files before R2007 write for what their code page lacks, as the characters meant."""
    return UNICODE.sub(lambda match: chr(int(match.group(1), 16)), said)


def _repaired(written: str, encoding: str, codec: str = "gb2312") -> str:
    """Chinese that was written in GBK under another code page; the text as it is where that makes no sense.

    GB 2312 alone tells it from accented Latin: `Büro` is none, though GBK would read a character in it.
    """
    line = _unescaped(written)
    if line.isascii() or CHINESE.search(line):
        return line
    for declared in (encoding, "cp1252"):
        try:
            found = line.encode(declared, "surrogateescape").decode(codec)
        except (UnicodeError, LookupError):
            continue
        if CHINESE.search(found):
            return found
    return line
