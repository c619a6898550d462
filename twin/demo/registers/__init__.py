"""The registers of the demo: units, buildings, rooms, people, assets, vehicles, trips, meters and energy, as offices hand them over.

`write_registers` writes them in mixed formats, with errors planted on purpose; `truth.json` beside them says which and where.
Everything is invented but the names of places. Nothing here is shared with what reads, checks and links registers.
"""

from twin.demo.registers.sheet import RegisterFile, read_manifest
from twin.demo.registers.write import write_assets, write_registers

__all__ = ["RegisterFile", "read_manifest", "write_assets", "write_registers"]
