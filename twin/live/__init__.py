"""What is true now: the last of every device, where it is, and which fences it crossed; columns, no files, no clock.

`tracker` judges and smooths positions; `state` is the last of every device as one numpy array, with what stands still beside it
(`still`); `fences` are entered and left with hysteresis; `changes` is what a replica needs to follow; `silence` who is silent.
"""
