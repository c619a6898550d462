"""Gateways: processes that speak the protocols of devices and hand what they say to the hub."""
