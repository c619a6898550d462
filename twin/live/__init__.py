"""What is true now: the last of every device, where it is, and which fences it crossed; columns, no files, no clock.

`state` is the last position of every device as one numpy array, and the state of what stands still; `places` are sets of
features a position is in; `fences` are entered and left with hysteresis; `changes` is what a replica needs to follow.
"""
