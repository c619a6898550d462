"""The command line. Exit codes: 0 done, 1 refused and nothing changed, 2 usage, 3 done but a person must decide."""

from twin.cli.app import main, run

__all__ = ["main", "run"]
