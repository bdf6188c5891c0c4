"""What the tests of search engines share: a server, and both names of a target."""

from collections.abc import Iterator

import pytest

from tests.servers.search_server import SearchServer


@pytest.fixture(params=["opensearch", "elasticsearch"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def server() -> Iterator[SearchServer]:
    with SearchServer() as made:
        yield made
