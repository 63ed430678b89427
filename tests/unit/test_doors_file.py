"""The operator's file of registry doors: what each sender can be known by, and what is said of a mistake. Tables."""

import base64

import pytest

from config.door_means import ANY_OF
from config.doors import (
    GOOGLE,
    Authentication,
    Door,
    Header,
    Hmac,
    Oidc,
    Option,
    PathSecret,
    Sender,
    basic,
    bearer,
    parse_branches,
)
from config.doors_file import parse_doors
from config.key_path import KeyPathError
from config.problems import ConfigError

SECRET = "0123456789abcdef"
KEYS = '{"keys": [{"kty": "RSA", "kid": "1"}]}'
FILES = {"keys.json": KEYS, "empty.json": '{"keys": []}', "deep.json": "[" * 100_000, "text.json": "keys"}


def keys(name: str) -> str:
    """The operator's files."""
    if name not in FILES:
        raise FileNotFoundError(2, "No such file or directory", name)
    return FILES[name]


def one(fields: str) -> Door:
    """A file with one door."""
    (door,) = parse_doors(f"doors: {{it: {{{fields}}}}}", path="doors.yaml", keys=keys).values()
    return door


def problems(text: str) -> list[str]:
    """What is said of a file."""
    with pytest.raises(ConfigError) as caught:
        parse_doors(text, path="doors.yaml", keys=keys)
    return [str(problem) for problem in caught.value.problems]


def signed(header: str, algorithm: str, prefix: str = "") -> Hmac:
    """An HMAC with the secret of these tests."""
    return Hmac(secret=SECRET.encode(), header=header, algorithm=algorithm, prefix=prefix)


@pytest.mark.parametrize(
    ("fields", "sender", "known"),
    [
        pytest.param(
            f"sender: ghcr, hmac_secret: {SECRET}",
            Sender.GHCR,
            signed("X-Hub-Signature-256", "sha256", "sha256="),
            id="GitHub signs",
        ),
        pytest.param(
            f"sender: artifactory, hmac_secret: {SECRET}",
            Sender.ARTIFACTORY,
            signed("X-JFrog-Event-Auth", "sha256"),
            id="JFrog signs",
        ),
        pytest.param(
            f"sender: nexus, hmac_secret: {SECRET}",
            Sender.NEXUS,
            signed("X-Nexus-Webhook-Signature", "sha1"),
            id="Nexus signs",
        ),
        pytest.param(
            f"sender: harbor, authorization: {SECRET}",
            Sender.HARBOR,
            Header(name="Authorization", value=SECRET.encode()),
            id="Harbor sends a value as it is",
        ),
        pytest.param(f"sender: gitlab, bearer: {SECRET}", Sender.DISTRIBUTION, bearer(SECRET), id="GitLab, a token"),
        pytest.param(f"sender: acr, basic: 'me:{SECRET}'", Sender.ACR, basic(f"me:{SECRET}"), id="Azure, a password"),
        pytest.param(
            f"sender: ecr-eventbridge, api_key: {SECRET}",
            Sender.ECR,
            Header(name="X-Api-Key", value=SECRET.encode()),
            id="EventBridge, an API key",
        ),
        pytest.param(
            f"sender: ecr, api_key: {SECRET}, api_key_header: X-Caisson",
            Sender.ECR,
            Header(name="X-Caisson", value=SECRET.encode()),
            id="EventBridge, an API key in a header of one's own",
        ),
        *(
            pytest.param(
                f"sender: {sender}, path_secret: {SECRET}", sender, PathSecret(secret=SECRET.encode()), id=f"{sender}"
            )
            for sender in (Sender.DOCKERHUB, Sender.QUAY, Sender.ALIYUN)
        ),
        pytest.param(
            "sender: gar, audience: a, email: e",
            Sender.GAR,
            Oidc(audience="a", email="e", issuer=GOOGLE, keys=None),
            id="Google, keys fetched",
        ),
        pytest.param(
            "sender: gar-pubsub, audience: a, email: e, issuer: https://id.example/x, keys_file: keys.json",
            Sender.GAR,
            Oidc(audience="a", email="e", issuer="https://id.example/x", keys=KEYS),
            id="another issuer, keys given",
        ),
        pytest.param(
            f"sender: generic, repository: r, hmac_secret: {SECRET}, hmac_header: X-S, hmac_algorithm: sha512, "
            "hmac_prefix: 'sha512='",
            Sender.GENERIC,
            signed("X-S", "sha512", "sha512="),
            id="a signature of one's own",
        ),
    ],
)
def test_each_sender_is_known_by_the_best_it_has(fields: str, sender: Sender, known: Authentication) -> None:
    """What a door says → how its sender is known."""
    door = one(fields)
    assert (door.sender, door.authentication) == (sender, known)


def test_options_come_with_the_door() -> None:
    """As the reader of the body takes them."""
    door = one(
        f"sender: generic, bearer: {SECRET}, repository: 'a[].b', tag: 'a[].t', registry_host: 'reg.example:5000'"
    )
    assert door.options == {
        Option.REPOSITORY: "a[].b",
        Option.TAG: "a[].t",
        Option.REGISTRY_HOST: "reg.example:5000",
    }


def test_basic_is_written_as_the_standard_says() -> None:
    """RFC 7617, in UTF-8."""
    assert basic("me:pässword").value == b"Basic " + base64.b64encode("me:pässword".encode())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "doors.yaml:1:1: the file is empty; write `doors:`", id="nothing"),
        pytest.param("harbor a-token-long-enough", "1:1: the file must be a mapping", id="the old lines"),
        pytest.param("door: {}", "1:1: `door` is not a key of the file; write `doors`", id="a slip in the first key"),
        pytest.param("doors: {a: {sender: [}", "1:22: this is not YAML", id="no YAML"),
        pytest.param("doors:\n\ta: {}", "2:1: this is not YAML: a tab stands", id="a tab"),
        pytest.param(
            "doors: {a: quay}", "1:12: the door `a` must be a mapping of keys", id="a sender in place of keys"
        ),
        pytest.param(f"doors: {{a: {SECRET}}}", "1:12: the door `a` must be a mapping", id="a secret in place of keys"),
        pytest.param(
            f"doors: {{a: {{sender: quay, {SECRET}: }}}}",
            "1:27: this is not a key of the door `a`",
            id="a secret as key",
        ),
        pytest.param(f"doors: {{Aa{SECRET}: {{}}}}", "1:9: this is not the name of a door", id="a secret as name"),
        pytest.param(f"doors: {{a: {{sender: {SECRET}}}}}", "1:21: this is no sender", id="a secret as sender"),
        pytest.param(f"doors: {{a: !{SECRET} {{}}}}", "1:12: this tag is not allowed", id="a secret as tag"),
        pytest.param(f"{{{SECRET}: 1, {SECRET}: 2}}", "1:23: this key stands here a second time", id="a secret twice"),
        pytest.param(f"doors: {{a: {{bearer: *{SECRET}}}}}", "1:21: this alias refers", id="a secret behind a star"),
        pytest.param(
            f"doors: {{a: {{sender: ecr, api_key: {SECRET}, api_key_header: '{SECRET} '}}}}",
            "this is not the name of a header",
            id="a secret as header",
        ),
        pytest.param(f"{SECRET}: 1", "1:1: this is not a key of the file; write one of `doors`", id="a secret first"),
        pytest.param("doors: {A_: {sender: quay}}", "1:9: `A_` is not the name of a door", id="a name"),
        pytest.param("doors: {a: {bearer: x}}", "1:9: the door `a` does not say who sends there", id="no sender"),
        pytest.param("doors: {a: {sender: habor}}", "1:21: `habor` is no sender; write `harbor`", id="a slip"),
        pytest.param(
            "doors: {a: {sender: harbor}}",
            "1:9: the door `a` does not say how its sender is known; write `authorization` or `bearer` or `basic`",
            id="no secret",
        ),
        pytest.param(
            f"doors: {{a: {{sender: ghcr, bearer: {SECRET}}}}}",
            "1:27: `bearer` is weaker than what ghcr can do: it signs each body with a secret; write `hmac_secret`",
            id="weaker than a signature",
        ),
        pytest.param(
            f"doors: {{a: {{sender: gar, path_secret: {SECRET}}}}}",
            "`path_secret` is weaker than what gar can do: it sends a token signed by its identity provider",
            id="weaker than a signed token",
        ),
        pytest.param(
            f"doors: {{a: {{sender: distribution, path_secret: {SECRET}}}}}",
            "`path_secret` is weaker than what distribution can do: it sends a secret in a header",
            id="weaker than a header",
        ),
        pytest.param(
            f"doors: {{a: {{sender: dockerhub, hmac_secret: {SECRET}}}}}",
            "dockerhub cannot do `hmac_secret`: it sends no secret of ours but the address it calls; write `path_",
            id="a signature that Docker Hub does not make",
        ),
        pytest.param(
            f"doors: {{a: {{sender: acr, bearer: {SECRET}, basic: 'me:{SECRET}'}}}}",
            "names several; write one of them",
            id="two means",
        ),
        pytest.param(
            "doors: {a: {sender: harbor, bearer: short}}", "`bearer` is too short; write one of 16", id="short"
        ),
        pytest.param(
            "doors: {a: {sender: harbor, authorization: Bearer 0123456789}}",
            "is too short",
            id="a scheme does not count",
        ),
        pytest.param(
            "doors: {a: {sender: acr, basic: 'a-very-long-user-name:short'}}",
            "is too short",
            id="a user does not count",
        ),
        pytest.param(
            "doors: {a: {sender: acr, basic: a-password-alone}}", "needs a user and a password", id="a password alone"
        ),
        pytest.param("doors: {a: {sender: harbor, bearer: }}", "`bearer` has no value", id="an empty secret"),
        pytest.param("doors: {a: {sender: harbor, bearer: ''}}", "`bearer` is empty", id="an empty text"),
        pytest.param(
            "doors: {a: {sender: harbor, bearer: 0123456789abcdeé}}", "cannot be sent; write printable", id="no ASCII"
        ),
        pytest.param(
            "doors: {a: {sender: quay, path_secret: 0123456789/abcdef}}", "becomes part of an address", id="a slash"
        ),
        pytest.param(
            "doors: {a: {sender: gar, audience: a}}",
            "anybody's token for this audience would do; write `email:`",
            id="no email",
        ),
        pytest.param(
            "doors: {a: {sender: gar, audience: a, email: e, issuer: 'http://id.example'}}",
            "'http://id.example' is not an issuer",
            id="an issuer without TLS",
        ),
        *(
            pytest.param(
                f"doors: {{a: {{sender: gar, audience: a, email: e, keys_file: {name}}}}}", said, id=f"keys in {name}"
            )
            for name, said in (
                ("nowhere.json", "1:60: nowhere.json cannot be read: No such file"),
                ("empty.json", "empty.json holds no keys; write the path of a JSON Web Key Set"),
                ("deep.json", "deep.json holds no keys"),
                ("text.json", "text.json holds no keys"),
            )
        ),
        pytest.param(
            f"doors: {{a: {{sender: generic, bearer: {SECRET}}}}}", "a generic sender needs `repository`", id="no path"
        ),
        pytest.param(
            f"doors: {{a: {{sender: generic, bearer: {SECRET}, repository: 'a..b'}}}}",
            "'a..b' is not a path of keys",
            id="a path that is none",
        ),
        pytest.param(
            f"doors: {{a: {{sender: generic, hmac_secret: {SECRET}, repository: r}}}}",
            "the header of the signature is not named; write `hmac_header`",
            id="a signature without its header",
        ),
        pytest.param(
            f"doors: {{a: {{sender: generic, hmac_secret: {SECRET}, hmac_header: 'X Y', repository: r}}}}",
            "`X Y` is not the name of a header",
            id="a header that is none",
        ),
        pytest.param(
            f"doors: {{a: {{sender: generic, hmac_secret: {SECRET}, hmac_header: X, hmac_algorithm: md5}}}}",
            "hmac_algorithm cannot be 'md5'",
            id="a hash that is broken",
        ),
        pytest.param(
            f"doors: {{a: {{sender: ghcr, hmac_secret: {SECRET}, hmac_header: X-Mine}}}}",
            "`hmac_header` means nothing beside `hmac_secret` of ghcr",
            id="GitHub's header is GitHub's",
        ),
        pytest.param(
            f"doors: {{a: {{sender: dockerhub, path_secret: {SECRET}, registry_host: x.example}}}}",
            "`registry_host` means nothing for dockerhub",
            id="Docker Hub is where it is",
        ),
        pytest.param(
            f"doors: {{a: {{sender: acr, bearer: {SECRET}, registry_host: 'https://x.example'}}}}",
            "'https://x.example' is not a registry's host",
            id="an address in place of a host",
        ),
        pytest.param(
            f"doors: {{a: {{sender: acr, bearer: {SECRET}}}, a: {{sender: acr, bearer: {SECRET}}}}}",
            "the key `a` stands here a second time",
            id="a name twice",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(text: str, said: str) -> None:
    """An operator reads where it stands and what to write; a secret is never repeated."""
    found = problems(text)
    assert any(said in problem for problem in found), found
    assert not any(SECRET in problem for problem in found)
    assert all(problem.startswith("doors.yaml:") for problem in found)


def test_every_mistake_is_said_at_once() -> None:
    """In the order of the text."""
    text = "doors:\n  a: {sender: nobody}\n  b: {sender: harbor}\n  c:\n    sender: quay\n    path_secret: short\n"
    assert [problem.split(":")[1] for problem in problems(text)] == ["2", "3", "6"]


def test_every_sender_can_be_known() -> None:
    """None is left out of the table, and no two are known by nothing."""
    assert set(ANY_OF) == set(Sender)
    assert all(ANY_OF.values())


@pytest.mark.parametrize(
    ("text", "branches"),
    [
        pytest.param("a.b", (("a", "b"),), id="no list"),
        pytest.param("a[].b", (("a",), ("b",)), id="one list"),
        pytest.param("[].a[0].b[]", ((), ("a", 0, "b"), ()), id="a list of lists"),
        pytest.param("a[][].b", (("a",), (), ("b",)), id="a list within a list"),
    ],
)
def test_a_path_branches_at_lists(text: str, branches: object) -> None:
    """`[]` stands for every element."""
    assert parse_branches(text) == branches


@pytest.mark.parametrize("text", ["", ".", "a[].", "a[]..b", "a b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    """As a path without lists is."""
    with pytest.raises(KeyPathError):
        parse_branches(text)
