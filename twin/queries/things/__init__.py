"""SensorThings 1.1 (OGC 18-088): what is asked by path and `$…` options, answered from registers, things and observations."""
