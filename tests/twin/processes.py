"""Processes for tests of what several of them, or a killed one, leave behind: forked from a server that imported once."""

import multiprocessing

__all__ = ["PROCESSES"]

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.twin.store.builder", "twin.imports.register"])
