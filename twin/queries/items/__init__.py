"""The things of all sites as collections of items: what OGC API Features serves, and a program asks for by the same names."""
