"""The demo compound 屏山大院: three IFC buildings, the city around them and the registers of who is in them, written from code alone.

The same seed writes the same bytes. Everything is invented: layout, rooms, serial numbers, and the geoid separation of
10.0 m that stands where a surveyed one belongs. `write_small_office` makes small models from the same builders.
"""

from twin.demo.generate import SITE, DemoFiles, write_demo
from twin.demo.keep import written_demo
from twin.demo.small import write_small_office

__all__ = ["SITE", "DemoFiles", "write_demo", "write_small_office", "written_demo"]
