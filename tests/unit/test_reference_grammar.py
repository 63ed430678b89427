"""The grammar of references, held against the tests of the CNCF Distribution. Tables."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reference_grammar import (
    Fault,
    ImageReferenceError,
    Reference,
    any_reference,
    canonical_reference,
    check_digest,
    complete_reference,
    is_digest,
    split_reference,
)
from tests.conftest import require_file

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "references.json"
FAULTS = {
    Fault.EMPTY: "ErrNameEmpty",
    Fault.FORMAT: "ErrReferenceInvalidFormat",
    Fault.UPPER_CASE: "ErrNameContainsUppercase",
    Fault.TOO_LONG: "ErrNameTooLong",
    Fault.NOT_CANONICAL: "ErrNameNotCanonical",
    Fault.DIGEST_LENGTH: "digest.ErrDigestInvalidLength",
    Fault.DIGEST_ALGORITHM: "digest.ErrDigestUnsupported",
}
OPERATIONS = {
    "Parse (no docker.io defaulting)": split_reference,
    "WithName->Domain/Path": split_reference,
    "ParseNamed (must be canonical)": canonical_reference,
    "ParseNormalizedNamed": complete_reference,
    "ParseNormalizedNamed->Domain/Path": complete_reference,
    "ParseDockerRef (tag dropped when digest present, default tag latest)": complete_reference,
}
# Go's table calls this algorithm unsupported because the program that runs it does not link SHA-512. It is a registered
# algorithm of the OCI image specification, and images are pinned by it.
SHA_512 = f"validname@sha512:{'f' * 128}"


def told(operation: str, text: str) -> dict[str, object]:
    """Everything that a row of the table may expect of the text."""
    if operation == "ParseAnyReference":
        return {"Equivalent": any_reference(text)}
    try:
        reference = OPERATIONS[operation](text)
    except ImageReferenceError as error:
        return {"valid": False, "error": FAULTS.get(error.fault)}
    return {"valid": True, "error": None, **parts(reference)}


def parts(reference: Reference) -> dict[str, object]:
    return {
        "name": reference.name,
        "domain": reference.domain,
        "path": reference.path,
        "tag": reference.tag,
        "digest": reference.digest,
        "familiar": reference.familiar,
        "full": reference.name,
        "canonical": reference.canonical,
    }


def test_the_distributions_own_tables_hold() -> None:
    """Every row, but for one digest that is one to us; `Expected` is `Equivalent` in Go's types."""
    require_file(VECTORS)
    rows: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]
    assert len(rows) == 208
    assert [row["expected"] for row in rows if row["input"] == SHA_512] == [{"error": "digest.ErrDigestUnsupported"}]
    assert split_reference(SHA_512).digest == f"sha512:{'f' * 128}"
    for row in rows:
        if row["input"] != SHA_512:
            expected = {name: value for name, value in row["expected"].items() if name != "Expected"}
            given_back = told(row["op"], row["input"])
            assert {name: given_back.get(name) for name in expected} == expected, row


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param("Org/App", "lower case: app$", id="capitals in a path"),
        pytest.param("a@sha256:123", "64 hexadecimal digits", id="a short digest"),
        pytest.param(f"a@md5:{'0' * 32}", "one of sha256, sha384, sha512", id="an algorithm nobody should use"),
        pytest.param(f"a@sha256:{'0' * 63}", "this has 63", id="a digit too few"),
        pytest.param(f"a@sha256:{'A' * 64}", "in lower case", id="a digest in capitals"),
        pytest.param("a:b/c:d:e", "is not", id="three colons"),
        pytest.param("a:.b", "'.b' is not a tag", id="a tag that begins with a dot"),
        pytest.param(f"a:{'b' * 129}", "is not a tag", id="a tag of 129 characters"),
        pytest.param("https://ghcr.io/a", "without a scheme", id="an address"),
        pytest.param("ghcr.io/a b", "without a scheme or spaces", id="a space"),
        pytest.param("a\n", "is not the name", id="a line break at the end"),
        pytest.param("0" * 64, "is an image id", id="an image id"),
        pytest.param("a" * 256, "at most 255", id="a path too long"),
        pytest.param("a" * 1_000_000, "at most", id="a text too long to be looked at"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    """Text → words for whoever wrote it."""
    with pytest.raises(ImageReferenceError, match=message):
        complete_reference(text)


def test_digests_are_checked_whole() -> None:
    """Algorithm, length, lower case."""
    assert is_digest(f"sha384:{'0' * 96}")
    assert not is_digest(f"sha256:{'0' * 64}\n")
    assert not is_digest(f"sha256:{chr(0x660) * 64}")
    check_digest(f"sha256:{'0' * 64}")
    with pytest.raises(ImageReferenceError, match="lower case"):
        check_digest(f"sha256:{'A' * 64}")


@given(st.text(alphabet="aA0.:/@[]-_sh256%é", max_size=40) | st.text(max_size=20))
def test_any_text_is_a_reference_or_an_error_in_words(text: str) -> None:
    """What is split is put together as it was written, and what was completed is complete."""
    try:
        assert split_reference(text).text == text
        whole = complete_reference(text)
    except ImageReferenceError:
        return
    assert canonical_reference(whole.text) == whole
    assert complete_reference(whole.familiar).name == whole.name
