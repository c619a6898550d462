"""Office space as the planner sees it: rooms with who sits there and what is said of them, units against what they may hold, moves.

`rooms` and `sitters` read the registers as of a day, `judged` puts them together, `occupancy`, `unit_space`, `checks` and `move`
answer. Everything is asked of a `Register of the day` (`day`), which knows the reader, the trees and the standard in force.
"""
