"""The stand-in service, one for all tests of the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.viewer.mock_service import MockService, serving
from viewer import static_dir


@pytest.fixture(scope="session")
def service() -> Iterator[MockService]:
    """The tiny compound behind the real content policy."""
    with serving(Path(static_dir())) as running:
        yield running
