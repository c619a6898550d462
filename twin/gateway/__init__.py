"""Gateways: processes that translate what devices say into batches and hand them to whoever keeps them.

`mqtt` takes in what devices publish on a broker, `bus…` reaches the hub through one, `mqtt_link` is one connection to it. A gateway
acknowledges to its devices when `Inlet.offer` has returned, and not before.
"""
