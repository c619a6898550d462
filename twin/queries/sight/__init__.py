"""Who sees what, through the real walls: cameras against a target, and the ground they cover together.

`scene` makes the sight scene of a site from its layers; `visible` answers `visible_from` and `explain` for one target; `areas` says
what is to be covered, `samples` cuts it into points, `coverage` keeps per camera which of them it sees, so that a what-if costs that
camera alone, `blind` draws what nobody sees. Cameras come as a sequence or a `sensors.Rig`; everything is site_xyz metres.
"""

from twin.queries.sight.areas import areas_of
from twin.queries.sight.blind import blind_spots
from twin.queries.sight.coverage import AreaCover, Coverage
from twin.queries.sight.samples import Area, Samples
from twin.queries.sight.scene import sight_scene, windows_without_glass
from twin.queries.sight.visible import Explanation, Sighting, Target, explain, visible_from

__all__ = [
    "Area",
    "AreaCover",
    "Coverage",
    "Explanation",
    "Samples",
    "Sighting",
    "Target",
    "areas_of",
    "blind_spots",
    "explain",
    "sight_scene",
    "visible_from",
    "windows_without_glass",
]
