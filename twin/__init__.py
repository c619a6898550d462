"""The roof of the house: store, imports, assembly, queries, HTTP API and command line of the twin."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("pingshan-twin")
