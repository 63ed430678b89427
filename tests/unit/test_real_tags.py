"""The choice among tags as well-known images list them: what a person who knows the image would take.

Each list is an extract of what its publisher pushes, with the traps that are in it: aliases, several distributions,
candidates, builds of one version, other architectures.
"""

import pytest

from bot.versions import choose, make_rules, newer

NGINX = """
latest mainline stable perl alpine mainline-alpine stable-alpine alpine-slim mainline-alpine-slim bookworm
1 1.26 1.27 1.26.2 1.26.3 1.27.0 1.27.1 1.27.3 1.27.3-perl 1.27.3-bookworm 1.27.3-bookworm-perl 1.27.3-otel
1.25.3-alpine 1.25.3-alpine3.18 1.25.4-alpine3.18 1.27-alpine 1.27.3-alpine 1.27.3-alpine3.20 1.27.3-alpine-slim
1.27.3-alpine3.20-slim 1.27.3-alpine-perl 1.27.3-alpine-otel 1.27.3-alpine3.20-otel
"""
POSTGRES = """
latest alpine bookworm 16 16.3 16.4 17 17.0 17rc1 17beta3 16-alpine 16.3-alpine 16.4-alpine 16.4-alpine3.19
16.4-alpine3.20 16.3-alpine3.19 16.4-bookworm 16.4-bullseye 17-alpine 17.0-alpine 17.0-alpine3.20 17rc1-alpine
"""
REDIS = """
latest alpine 7 7.2 7.2.5 7.2.6 7.4 7.4.0 7.4.1 7.4-rc2 7.4-rc2-alpine 7.4-rc2-bookworm 7.2.5-alpine 7.2.6-alpine
7.4.1-alpine 7.4.1-alpine3.20 7.4.1-bookworm 8.0-M03 8.0-M03-bookworm 8.0-M03-alpine 8.0-rc1-alpine 32bit 7.4.1-32bit
"""
NODE = """
latest lts current slim alpine lts-alpine current-alpine lts-slim lts-bookworm lts-bookworm-slim iron jod jod-alpine
iron-alpine 20 20-alpine 20.18.0 20.18.0-alpine 20.18.0-alpine3.20 20.18.0-slim 22 22-alpine 22.11 22.11.0
22.10.0-alpine 22.11-alpine 22.11.0-alpine 22.11.0-alpine3.19 22.11.0-alpine3.20 22.11.0-bookworm
22.11.0-bookworm-slim 22.11.0-bullseye-slim 22.11.0-slim 23.1.0 23.1.0-alpine 23.1.0-bookworm-slim
"""
PYTHON = """
latest slim alpine bookworm slim-bookworm 3 3.12 3.12.6 3.12.7 3.12.6-slim 3.12.7-slim 3.12.7-slim-bookworm
3.12.7-slim-bullseye 3.12.7-alpine 3.12.7-alpine3.20 3.12.7-bookworm 3.12.7-windowsservercore-1809
3.12.7-windowsservercore-ltsc2022 3.13-rc 3.13-rc-slim 3.13.0rc3 3.13.0rc3-slim 3.13.0 3.13.0-slim
3.13.0-slim-bookworm 3.14-rc-slim 3.14.0a1 3.14.0a1-slim
"""
BITNAMI = """
latest 16 16-debian-12 17 17-debian-12 16.4.0 16.4.0-debian-12-r2 16.4.0-debian-12-r9 16.4.0-debian-12-r14
16.3.0-debian-12-r25 16.4.0-debian-11-r40 17.0.0 17.0.0-debian-12-r9 17.0.0-debian-12-r11 15.8.0-debian-12-r18
sha256-9f2d6d1c0a4e5b7f.sig
"""
EKS = """
v1.10.1-eksbuild.4 v1.11.1-eksbuild.4 v1.11.1-eksbuild.9 v1.11.1-eksbuild.11 v1.11.3-eksbuild.1 v1.11.3-eksbuild.2
v1.29.0-eksbuild.1 v1.29.0-minimal-eksbuild.1 v1.29.0-minimal-eksbuild.3 v1.29.0-minimal-eksbuild.12
v1.11.3-eksbuild.2-linux_amd64
"""
GKE = """
1.2.3-gke.9 1.2.3-gke.100 1.2.3-gke.200 1.2.4-gke.3 1.3.0-gke.0 v0.4.1-gke.0 1.3.0-rc.1-gke.5 1.4.0-alpha.1
"""


@pytest.mark.parametrize(
    ("tags", "constraint", "present", "selected"),
    [
        pytest.param(NGINX, "*", "1.26.2", "1.27.3", id="nginx by its version"),
        pytest.param(NGINX, "~1.26", "1.26.2", "1.26.3", id="nginx within a minor"),
        pytest.param(NGINX, "*", "1.26", "1.27", id="nginx by a minor that moves"),
        pytest.param(NGINX, "*", "1.25.3-alpine", "1.27.3-alpine", id="nginx on whichever Alpine"),
        pytest.param(NGINX, "*", "1.25.3-alpine3.18", "1.25.4-alpine3.18", id="nginx on one Alpine"),
        pytest.param(NGINX, "*", "1.27.1-alpine-slim", "1.27.3-alpine-slim", id="nginx slim"),
        pytest.param(NGINX, "*", "mainline-alpine", "1.27.3-alpine", id="nginx from a channel of a variant"),
        pytest.param(NGINX, "*", "alpine-slim", "1.27.3-alpine-slim", id="nginx from a variant alone"),
        pytest.param(NGINX, "*", "mainline", "1.27.3", id="nginx from a channel"),
        pytest.param(POSTGRES, "16.x", "16.3", "16.4", id="postgres within its major"),
        pytest.param(POSTGRES, "*", "16.3", "17.0", id="postgres over majors, candidates being no versions"),
        pytest.param(POSTGRES, "16.x", "16.3-alpine", "16.4-alpine", id="postgres on whichever Alpine"),
        pytest.param(POSTGRES, "*", "16.3-alpine3.19", "16.4-alpine3.19", id="postgres on one Alpine"),
        pytest.param(POSTGRES, "*", "16", "17", id="postgres by its major alone"),
        pytest.param(REDIS, "*", "7.2.5", "7.4.1", id="redis without milestones"),
        pytest.param(REDIS, "*", "7.2.5-alpine", "7.4.1-alpine", id="redis on Alpine without milestones"),
        pytest.param(REDIS, ">=7-0", "7.2-alpine", "8.0-rc1-alpine", id="redis with them, of its variant"),
        pytest.param(REDIS, "~7.2", "7.2.5-alpine", "7.2.6-alpine", id="redis within a minor"),
        pytest.param(NODE, "22.x", "22.10.0-alpine", "22.11.0-alpine", id="node on Alpine"),
        pytest.param(NODE, "*", "lts-alpine", "23.1.0-alpine", id="node from lts-alpine"),
        pytest.param(NODE, "^22", "jod-alpine", "22.11.0-alpine", id="node from a name's Alpine"),
        pytest.param(NODE, "^22", "lts-bookworm-slim", "22.11.0-bookworm-slim", id="node from lts-bookworm-slim"),
        pytest.param(NODE, "20.x", "20-alpine", "20-alpine", id="node by its major alone"),
        pytest.param(PYTHON, "*", "3.12.6-slim", "3.13.0-slim", id="python slim"),
        pytest.param(PYTHON, "3.12.x", "3.12.6-slim", "3.12.7-slim", id="python slim within a minor"),
        pytest.param(PYTHON, ">=3-0", "3.12-slim", "3.14-rc-slim", id="python's candidates, where asked for"),
        pytest.param(PYTHON, "*", "3.12.6", "3.13.0", id="python"),
        pytest.param(BITNAMI, "16.x", "16.4.0-debian-12-r2", "16.4.0-debian-12-r14", id="bitnami's revisions"),
        pytest.param(BITNAMI, "*", "16.4.0-debian-12-r14", "17.0.0-debian-12-r11", id="bitnami's next major"),
        pytest.param(BITNAMI, "*", "16.3.0", "17.0.0", id="bitnami by its version"),
        pytest.param(EKS, "1.11.x", "v1.11.1-eksbuild.4", "v1.11.3-eksbuild.2", id="eks"),
        pytest.param(EKS, "1.11.1", "v1.11.1-eksbuild.9", "v1.11.1-eksbuild.11", id="eks' builds of one version"),
        pytest.param(
            EKS, "*", "v1.29.0-minimal-eksbuild.3", "v1.29.0-minimal-eksbuild.12", id="eks' builds of a variant"
        ),
        pytest.param(GKE, "1.2.3", "1.2.3-gke.9", "1.2.3-gke.200", id="gke's builds of one version"),
        pytest.param(GKE, "*", "1.2.3-gke.100", "1.3.0-gke.0", id="gke"),
    ],
)
def test_the_choice_among_real_tags(tags: str, constraint: str, present: str, selected: str) -> None:
    """What stands → what is taken, in whatever order the registry lists; and nothing goes back from there."""
    rules = make_rules(constraint=constraint)
    listed = tags.split()
    for ordered in (listed, listed[::-1], sorted(listed)):
        assert choose(ordered, rules, present=present).selected == selected
    assert selected == present or newer(selected, present, rules)
    assert choose(listed, rules, present=selected).selected == selected


@pytest.mark.parametrize("architecture", ["amd64", "arm64", "i386", "x64", "x86", "arm-v7", "arm64v8", "s390x"])
@pytest.mark.parametrize("constraint", ["*", ">=1-0"])
def test_an_image_of_one_architecture_is_a_variant(architecture: str, constraint: str) -> None:
    """It never follows an image of all, though prereleases may."""
    tags = ["1.2.3", f"1.2.4-{architecture}"]
    assert choose(tags, make_rules(constraint=constraint), present="1.2.3").selected == "1.2.3"
    stands = f"1.2.3-{architecture}"
    assert choose(tags, make_rules(constraint=constraint), present=stands).selected == tags[1]


def test_a_revision_is_followed_by_revisions_alone() -> None:
    """The bare tag beside them moves with each."""
    tags = ["1.2.3", "1.2.3-r2", "1.2.3-r14", "1.2.4", "1.2.4-r0", "1.3.0"]
    choice = choose(tags, make_rules(), present="1.2.3-r2")
    assert choice.accepted == ("1.2.3-r2", "1.2.3-r14", "1.2.4-r0")
    reasons = {rejection.tag: rejection.reason for rejection in choice.rejected}
    assert reasons["1.3.0"] == "has no revision at its end, as 1.2.3-r2 has (allow_tags can admit it)"


def test_another_build_is_followed_by_the_release_too() -> None:
    """A hotfix of one version says nothing of the next."""
    tags = ["1.2.3-hotfix.2", "1.2.3-hotfix.14", "1.2.4-rc.1"]
    assert choose(tags, make_rules(), present="1.2.3-hotfix.2").selected == "1.2.3-hotfix.14"
    assert choose([*tags, "1.2.4"], make_rules(), present="1.2.3-hotfix.2").selected == "1.2.4"
    assert choose(tags, make_rules(), present="1.2.3").selected is None


@pytest.mark.parametrize(
    ("present", "tag", "reason"),
    [
        (
            "1.25.3-alpine3.18",
            "1.27.3-alpine3.20",
            "is a -alpine3.20 variant, not -alpine3.18 as 1.25.3-alpine3.18 is (allow_tags can admit it)",
        ),
        ("mainline-alpine", "1.27.3", "is no -alpine variant, as mainline-alpine is (allow_tags can admit it)"),
        ("1.2.3-gke.100", "1.2.4", "is no -gke variant, as 1.2.3-gke.100 is"),
        ("1.2.3", "1.2.4-i386", "is a -i386 variant, which 1.2.3 is not"),
    ],
)
def test_a_tag_of_another_make_is_told_what_helps(present: str, tag: str, reason: str) -> None:
    """The reason follows the tag in a sentence."""
    (rejected,) = choose([tag], make_rules(), present=present).rejected
    assert rejected.reason == reason


def test_allow_tags_follows_every_release_of_a_distribution() -> None:
    """The way that the reason names: the newest version, on the newest Alpine; candidates stay what they are."""
    rules = make_rules(allow=r"^[0-9.]+(-rc\.[0-9]+)?-alpine3\.[0-9]+$")
    tags = [*NGINX.split(), "1.27.3-alpine3.9", "1.28.0-rc.1-alpine3.20"]
    assert choose(tags, rules, present="1.25.3-alpine3.18").selected == "1.27.3-alpine3.20"
    assert not newer("1.27.3-alpine3.9", "1.27.3-alpine3.20", rules)


def test_allow_tags_makes_no_release_of_a_suffix_where_none_stands() -> None:
    """Beside a bare version, or where nothing stands, the constraint is taken at its word."""
    rules, tags = make_rules(allow="."), ["1.2.4-alpine", "1.2.4-r1"]
    assert choose(tags, rules, present="1.2.3").selected is None
    assert choose(tags, rules).selected is None
    assert choose(tags, rules, present="1.2.3-r0").selected == "1.2.4-r1"
    assert choose(tags, rules, present="lts-alpine").selected == "1.2.4-alpine"
