"""Routes through buildings and compounds: the graph made from the store's features, and the questions asked of it.

`open_network` reads a site and builds the graph once for a state of the scene; `route`, `nearest`, `evacuation` ask it. Steps:
`scene` reads, `doors`, `openings`, `stairs`, `outside` find what joins what, `build` makes the columns, `reach` says what
cannot be reached and why, `answers` and `steps` say it in numbers and words.
"""
