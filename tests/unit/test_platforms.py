"""Platforms: what may be declared, and which image is made for which. Tables."""

import pytest

from bot.platforms import PlatformError, check_platform, platform_matches


@pytest.mark.parametrize(
    "text", ["linux/amd64", "linux/arm", "linux/arm/v7", "linux/arm64/v8", "windows/amd64", "linux/386"]
)
def test_platforms_are_named_as_go_names_them(text: str) -> None:
    """System, architecture, and a variant where there are any."""
    check_platform(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "write os/architecture", id="nothing"),
        pytest.param("linux", "write os/architecture", id="a system alone"),
        pytest.param("amd64", "write os/architecture", id="an architecture alone"),
        pytest.param("linux/arm/v7/x", "write os/architecture", id="four parts"),
        pytest.param("Linux/amd64", "write linux;", id="capitals"),
        pytest.param("linux/AMD64", "write amd64;", id="capitals behind the slash"),
        pytest.param("linux/x86_64", "write amd64;", id="the kernel's name of an architecture"),
        pytest.param("linux/aarch64", "write arm64;", id="another one"),
        pytest.param("linux/amd46", "it is one of 386, amd64", id="a slip"),
        pytest.param("macos/arm64", "write darwin;", id="a system's other name"),
        pytest.param("linux/arm/7", "it is one of v5, v6, v7, v8", id="a variant without its v"),
        pytest.param("linux/s390x/v1", "leave it out", id="a variant where there are none"),
        pytest.param("linux/", "architecture", id="an empty architecture"),
        pytest.param("linux/arm/", "variant", id="an empty variant"),
        pytest.param("linux /amd64", "operating system", id="a space"),
    ],
)
def test_a_bad_platform_is_refused_with_what_to_write(text: str, message: str) -> None:
    """It would match nothing, which is never what was meant."""
    with pytest.raises(PlatformError, match=message):
        check_platform(text)


FITTING = [
    pytest.param("linux/amd64", "linux/amd64", id="the same"),
    pytest.param("linux/arm", "linux/arm/v7", id="any variant where none is asked for"),
    pytest.param("linux/arm64", "linux/arm64/v8", id="the usual variant"),
    pytest.param("linux/arm64/v8", "linux/arm64", id="the usual variant, not named"),
    pytest.param("linux/arm/v7", "linux/arm/v7", id="the variant asked for"),
]
OTHERS = [
    pytest.param("linux/arm/v7", "linux/arm/v6", id="another variant"),
    pytest.param("linux/arm/v6", "linux/arm", id="another variant, not named"),
    pytest.param("linux/amd64", "linux/arm64", id="another architecture"),
    pytest.param("linux/amd64", "windows/amd64", id="another system"),
    pytest.param("linux/amd64", "unknown/unknown", id="an attestation in the index"),
]


@pytest.mark.parametrize(("wanted", "offered"), FITTING)
def test_an_image_is_made_for_the_platform(wanted: str, offered: str) -> None:
    """What is asked for, and an offer that is that."""
    assert platform_matches(wanted, offered)


@pytest.mark.parametrize(("wanted", "offered"), OTHERS)
def test_an_image_is_made_for_another_platform(wanted: str, offered: str) -> None:
    """What is asked for, and an offer that is not that."""
    assert not platform_matches(wanted, offered)
