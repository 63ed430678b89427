"""What a GraphQL document costs, by the examples of GitHub's documentation, and that ours are within the limits."""

from dataclasses import replace

import pytest
from graphql import parse

from bot.github.documents import MOST_PLACES, Place, batches, merged_query, repository_query
from bot.model import HYDRATIONS_READ
from sandbox.github.graphql_cost import MOST_NODES, Cost, cost

HERE = Place(branch="main", folder="apps", head="caisson/shop/staging", record="shop/staging")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param("{ viewer { login } }", Cost(), id="no connection costs nothing"),
        pytest.param(
            "{ viewer { repositories(first: 50) { edges { repository: node { issues(last: 10) { totalCount } } } } } }",
            Cost(50 + 50 * 10, 1 + 50),
            id="a connection counts for every node it hangs on",
        ),
        pytest.param(
            """{ viewer {
              repositories(first: 50) { nodes {
                pullRequests(first: 20) { nodes { comments(first: 10) { nodes { body } } } }
                issues(first: 20) { nodes { comments(first: 10) { nodes { body } } } }
              } }
              followers(first: 10) { nodes { login } }
            } }""",
            Cost(22_060, 1 + 50 + 50 * 20 + 50 + 50 * 20 + 1),
            id="the documentation's example of 22,060 nodes",
        ),
        pytest.param(
            "query Q($n: Int) { viewer { ...F } } fragment F on User { issues(first: $n) { ... on X { a(last: 2) } } }",
            Cost(7 + 14, 1 + 7),
            id="fragments are walked and variables read",
        ),
    ],
)
def test_nodes_and_requests_are_counted_as_documented(document: str, expected: Cost) -> None:
    """Every connection at its bound, times all that it hangs on."""
    assert cost(parse(document), {"n": 7}) == expected


@pytest.mark.parametrize(
    ("requests", "points"), [(0, 1), (1, 1), (5_101, 51)], ids=["nothing", "little", "the documentation's example"]
)
def test_a_point_is_a_hundred_requests_and_the_least_price(requests: int, points: int) -> None:
    """Rounded to the nearest, never nought."""
    assert Cost(0, requests).points == points


def test_one_query_may_read_as_many_places_as_we_say() -> None:
    """Each on a branch of its own, and the default branch besides: one more would be refused."""
    branches = [f"branch-{i}" for i in range(MOST_PLACES + 2)]
    most, _ = repository_query([HERE] * MOST_PLACES, ["cosign.pub"], into=branches[:-1], us="caisson[bot]")
    assert cost(parse(most), {}).nodes <= MOST_NODES
    more, _ = repository_query([HERE] * (MOST_PLACES + 1), [], into=branches, us="caisson[bot]")
    assert cost(parse(more), {}).nodes > MOST_NODES


def test_the_merged_promotions_of_as_many_places_are_read_in_one_query() -> None:
    """Further back than a pass looks, and cheap beside it."""
    history, _ = merged_query([HERE] * MOST_PLACES)
    assert cost(parse(history), {}).nodes <= MOST_NODES


def test_what_a_hydrator_writes_and_who_owns_files_fits_beside_all_else() -> None:
    """As many places again, each with its CODEOWNERS and its hydrated branch."""
    hydrated = replace(HERE, owners=True, hydrated="environment/staging-next")
    most, _ = repository_query([hydrated] * MOST_PLACES, ["cosign.pub"])
    plain, _ = repository_query([HERE] * MOST_PLACES, ["cosign.pub"])
    nodes = cost(parse(most), {}).nodes
    assert nodes == cost(parse(plain), {}).nodes + MOST_PLACES * HYDRATIONS_READ
    assert nodes <= MOST_NODES


@pytest.mark.parametrize(
    ("places", "sizes"),
    [
        pytest.param(0, [0], id="without places the configuration is read nevertheless"),
        pytest.param(MOST_PLACES, [MOST_PLACES], id="one query as long as it is enough"),
        pytest.param(2 * MOST_PLACES + 1, [MOST_PLACES, MOST_PLACES, 1], id="several beyond that"),
    ],
)
def test_many_places_are_read_in_several_queries(places: int, sizes: list[int]) -> None:
    """In order, so that the second batch's first place follows the first batch's last."""
    here = [Place(branch=str(i), folder="apps", head="h", record="r") for i in range(places)]
    found = batches(here)
    assert [len(batch) for batch in found] == sizes
    assert [place for batch in found for place in batch] == here
