"""What is known of every device now: its position judged and smoothed, its state, the zones and rooms it is in.

Columns of numpy, one row a device, moved by pure steps: whoever has a clock and the files (`twin.hub`) passes `now_us`
and keeps what comes out. `tracker` makes positions honest. The parts know nothing of history and incidents:
what passes between them passes in the hub.
"""
