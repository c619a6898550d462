"""Files and homes that the tests of the roof share."""

import pytest

from tests.twin.files import Files, write_files


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Small files of every kind; read them, never write them."""
    return write_files(tmp_path_factory.mktemp("files"))
