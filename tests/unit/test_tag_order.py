"""In which order tags come where the order of versions alone would mislead. Tables.

| pair                                   | which comes later                                   |
|----------------------------------------|-----------------------------------------------------|
| two builds of one make                 | the one with the larger number                      |
| two prereleases                        | as semver.org says, by the text of their words      |
| a prerelease, a make, the release      | in this order                                       |
| two spellings of one version           | neither; the one like what stands is preferred      |
"""

import itertools

import pytest

from bot.versions import choose, make_rules, newer

ANY = make_rules(constraint=">=0-0", allow=".")


@pytest.mark.parametrize(
    "ascending",
    [
        pytest.param("16.4.0-debian-12-r2 16.4.0-debian-12-r9 16.4.0-debian-12-r14", id="revisions of a make"),
        pytest.param("16.4.0-debian-9-r30 16.4.0-debian-12-r2", id="the make before the revision"),
        pytest.param("1.2.3-r2 1.2.3-r9 1.2.3-r14", id="revisions without a make"),
        pytest.param("1.2.3-build2 1.2.3-build9 1.2.3-build14 1.2.3", id="builds, before the release proper"),
        pytest.param("1.2.3-p9 1.2.3-p14", id="patches"),
        pytest.param("1.2.3-alpine3.9 1.2.3-alpine3.20", id="releases of a distribution"),
        pytest.param("1.2.3-eksbuild.2 1.2.3-eksbuild.9 1.2.3-eksbuild.14", id="a word that counts"),
        pytest.param("1.2.3-k3s2 1.2.3-k3s14", id="a word that counts without a dot"),
        pytest.param("1.2.3-rc.2-alpine 1.2.3-rc.14-alpine 1.2.3-alpine", id="a make's candidates, then the make"),
        pytest.param("1.2.3-rc.1-r9 1.2.3-rc.1-r14", id="revisions of a candidate"),
        pytest.param("1.2.3-rc.1 1.2.3-alpine 1.2.3 1.2.4-rc.1", id="a candidate, a make, the release"),
        pytest.param("1.0.0-alpha.2 1.0.0-alpha.14 1.0.0-rc14 1.0.0-rc9 1.0.0", id="prereleases as semver.org says"),
    ],
)
def test_builds_come_as_people_count(ascending: str) -> None:
    """Ascending, in the choice as in the comparison of two; and never the other way round."""
    tags = ascending.split()
    assert choose(reversed(tags), ANY).accepted == tuple(tags)
    assert choose(tags, ANY).selected == tags[-1]
    for earlier, later in itertools.combinations(tags, 2):
        assert newer(later, earlier, ANY)
        assert not newer(earlier, later, ANY)


def test_an_older_build_is_never_taken_for_a_newer_one() -> None:
    """A registry that lists fewer digits later, with the newest standing already."""
    tags = [f"16.4.0-debian-12-r{build}" for build in (14, 9, 2)]
    assert choose(tags, make_rules(), present=tags[0]).selected == tags[0]
    assert not newer(tags[1], tags[0], make_rules())


@pytest.mark.parametrize(
    ("present", "tags", "selected"),
    [
        pytest.param("1.1.0", "v1.1.0 1.1.0", "1.1.0", id="what stands before its double"),
        pytest.param("1.1.0", "v1.2.0 1.2.0", "1.2.0", id="no v where none stands"),
        pytest.param("v1.1.0", "1.2.0 v1.2.0", "v1.2.0", id="a v where one stands"),
        pytest.param("1.1.0", "v1.2.0", "v1.2.0", id="another spelling where there is no other"),
        pytest.param("1.1.0", "1.2.0 v1.2.1", "v1.2.1", id="a later version in any spelling"),
        pytest.param(None, "1.2.0 v1.2.0", "v1.2.0", id="the later text where nothing stands"),
        pytest.param("v1.1-alpine", "1.2-alpine v1.2-alpine", "v1.2-alpine", id="a variant's, too"),
    ],
)
def test_a_version_is_spelled_as_what_stands(present: str | None, tags: str, selected: str) -> None:
    """However the registry lists them."""
    for listed in itertools.permutations(tags.split()):
        assert choose(listed, make_rules(), present=present).selected == selected


def test_among_equal_versions_as_many_numbers_are_preferred() -> None:
    """Where `allow_tags` lets both in."""
    rules = make_rules(allow=".")
    assert choose(["1.20", "1.20.0"], rules, present="1.19").selected == "1.20"
    assert choose(["1.20", "1.20.0"], rules, present="1.19.0").selected == "1.20.0"
