"""Cameras, gates, zones, guard posts and perimeter segments: records as all others, and features of the scene.

`follow_devices` is the one place that makes features of their records; the tie calls it whenever a record or what it stands in
may have changed (docs/decisions/023). Everything else here is pure: what a record states (`stated`), where that is (`placed`,
`areas`), whether its datum is the stated one (`shift`), what the scene is told (`features`).
"""

from twin.imports.tie.devices.features import DEVICE_CODES
from twin.imports.tie.devices.follow import follow_devices

__all__ = ["DEVICE_CODES", "follow_devices"]
