"""The hub: one process a home takes in what gateways hand over, commits it, applies it and tells replicas what changed.

`hub` is the loop (commit, acknowledge, apply, tell); `applying` what a commit changes; `server` and `client` speak the frames of `wire`
over a Unix socket; `meeting` is where a home's hub is found. Nothing is acknowledged before it is in the journal (decision 039).
"""
