"""Questions to what is live: a replica of the hub's state in each worker, who may see what of it, and the frames of /live.

`grounds` is the scene as the hub asks it; `replica` follows the hub; `sight_of` (labels, units, sites) decides what a reader may know
of, for every door; `frames` and `feed` are what watchers get; `service` runs the hub.
"""
