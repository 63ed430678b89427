"""Tables of what the file may say of images and charts, and of each mistake with its place and remedy."""

from datetime import timedelta
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.constraints import parse_constraint
from bot.image_reference import normalise_repository
from bot.versions import check_glob, check_pattern
from config.parse import Checks, ConfigError, Problem, parse
from config.pipeline import Format, Pin, Pipeline, Strategy
from config.schema import json_schema

PEM = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----"


def check_platform(text: str) -> None:
    """Stands in for the grammar of platforms."""
    if text.count("/") not in (1, 2):
        raise ValueError(f"{text!r} is not os/arch[/variant]")


def check_extract(pattern: str, template: str) -> None:
    """Stands in for RE2: a template may name the groups its pattern has."""
    if template.startswith("$") and template[1:].isalpha() and f"<{template[1:]}>" not in pattern:
        raise ValueError(f"{pattern} has no group {template}")


def check_key(pem: str) -> None:
    """Stands in for cryptography."""
    if "MFkw" not in pem:
        raise ValueError("this is no key")


def check_chart_repository(address: str) -> None:
    """Stands in for an operator who lets one host be spoken to without TLS."""
    if address.startswith("http://") and not address.startswith("http://charts.internal/"):
        raise ValueError("http:// can be changed by anyone on the way")


CHECKS = Checks(
    check_repository=normalise_repository,
    check_chart_repository=check_chart_repository,
    check_constraint=parse_constraint,
    check_pattern=check_pattern,
    check_glob=check_glob,
    check_platform=check_platform,
    check_extract=check_extract,
    check_key=check_key,
)

WHOLE = """\
pipelines:
  shop:
    images:
      web:
        repository: ghcr.io/org/web
        strategy: numerical
        allow_tags: '^main-(?P<run>[0-9]+)$'
        ignore_tags: [latest, 'pr-*']
        extract: $run
        platforms: [linux/amd64, linux/arm/v7]
        minimum_age: 10m
        pin: both
        verify: {cosign: {key: ./keys/cosign.pub}}
        write:
          - {file: values.yaml, format: helm, tag: image.tag, digest: image.digest}
          - {file: deploy/job.yaml, format: manifest, image: 'spec.containers[0].image'}
          - {file: kustomization.yaml}
        release_notes: https://github.com/org/web/releases/tag/{tag}
      api-v2:
        repository: ghcr.io/org/api
        strategy: digest
        constraint: latest
        verify: {cosign: {issuer: 'https://token.actions.githubusercontent.com', identity: 'https://github.com/o/r'}}
    charts:
      redis:
        repository: oci://registry-1.docker.io/bitnamicharts
        chart: redis
        constraint: ~20.1
        minimum_age: 1d
        write:
          - {file: Chart.yaml, format: chart}
          - {file: app.yaml, format: argocd, version: spec.source.targetRevision}
      dashboard:
        repository: https://charts.example.com/stable/
        chart: dashboard
        allow_tags: '^v'
        verify:
          cosign:
            key: |
              -----BEGIN PUBLIC KEY-----
              MFkw
              -----END PUBLIC KEY-----
    environments:
      staging: {path: a}
"""


def pipeline(text: str) -> Pipeline:
    """The one pipeline of a text that is read."""
    (one,) = parse(text, checks=CHECKS).pipelines
    return one


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text; nothing, where it is read."""
    try:
        parse(text, checks=CHECKS)
    except ConfigError as error:
        return error.problems
    return ()


def image(text: str) -> str:
    """A file with one image, whose value begins in line 4 at column 12."""
    return f"pipelines:\n  shop:\n    images:\n      web: {text}\n    environments: {{a: {{path: a}}}}\n"


def chart(text: str) -> str:
    """A file with one chart, whose value begins in line 4 at column 12."""
    return image(text).replace("images:", "charts:")


def test_a_whole_declaration_of_images() -> None:
    """Every key of an image is read as it stands."""
    shop = pipeline(WHOLE)
    web, api = shop.images["web"], shop.images["api-v2"]
    assert (web.strategy, web.constraint, web.extract, web.pin) == (Strategy.NUMERICAL, "*", "$run", Pin.BOTH)
    assert (web.platforms, web.minimum_age) == (("linux/amd64", "linux/arm/v7"), timedelta(minutes=10))
    assert web.verify
    assert web.verify.cosign.key == "keys/cosign.pub"
    assert [(w.file, w.format, w.image, w.tag, w.digest) for w in web.write] == [
        ("values.yaml", Format.HELM, None, "image.tag", "image.digest"),
        ("deploy/job.yaml", Format.MANIFEST, "spec.containers[0].image", None, None),
        ("kustomization.yaml", None, None, None, None),
    ]
    assert web.release_notes == "https://github.com/org/web/releases/tag/{tag}"
    assert api.verify
    assert (api.verify.cosign.issuer, api.verify.cosign.identity) == (
        "https://token.actions.githubusercontent.com",
        "https://github.com/o/r",
    )


def test_a_whole_declaration_of_charts() -> None:
    """Charts stand beside images, each with the place that names it everywhere else."""
    shop = pipeline(WHOLE)
    redis, dashboard = shop.charts["redis"], shop.charts["dashboard"]
    assert redis.location == "registry-1.docker.io/bitnamicharts/redis"
    assert dashboard.location == "https://charts.example.com/stable#dashboard"
    assert (redis.constraint, dashboard.constraint, redis.minimum_age) == ("~20.1", "*", timedelta(days=1))
    assert [(w.file, w.format, w.version) for w in redis.write] == [
        ("Chart.yaml", Format.CHART, None),
        ("app.yaml", Format.ARGOCD, "spec.source.targetRevision"),
    ]
    assert dashboard.verify
    assert dashboard.verify.cosign.key == PEM
    assert list(shop.artifacts) == ["web", "api-v2", "redis", "dashboard"]


def test_a_digest_that_is_followed_is_written() -> None:
    """A tag that moves says nothing: unless only the digest is wanted, both are written."""
    text = "{repository: a, strategy: digest, constraint: latest%s}"
    assert pipeline(image(text % "")).images["web"].pin is Pin.BOTH
    assert pipeline(image(text % ", pin: digest")).images["web"].pin is Pin.DIGEST
    assert pipeline(image("{repository: a}")).images["web"].pin is None


def test_charts_alone_are_promoted_by_their_versions() -> None:
    """A pipeline with charts needs no images; its environments may be folders."""
    shop = pipeline(chart("{repository: 'oci://ghcr.io/org/charts/app'}"))
    assert (list(shop.charts), shop.images) == (["web"], {})
    assert shop.charts["web"].location == "ghcr.io/org/charts/app"


@pytest.mark.parametrize(
    ("text", "column", "message", "suggestion"),
    [
        pytest.param("{repository: a, stratgy: semver}", 28, "`stratgy` is not a key", "`strategy`", id="misspelt key"),
        pytest.param("{repository: a, strategy: latest}", 38, "cannot be 'latest'", "one of", id="no strategy"),
        pytest.param("{repository: a, constraint: '>=y'}", 43, "constraint: a version such", None, id="quoted: exact"),
        pytest.param("{repository: a, constraint: 1.2 <=}", 46, "constraint: a version such", None, id="plain: exact"),
        pytest.param('{repository: a, constraint: ">=\\x79"}', 40, "(column 3)", None, id="an escape: the value"),
        pytest.param("{repository: a, constraint: &c 1 !}", 40, "(column 3)", None, id="an anchor: the value"),
        pytest.param("{repository: a, allow_tags: '('}", 40, "allow_tags: ", None, id="no pattern"),
        pytest.param("{repository: a, ignore_tags: [b, '[']}", 45, "`ignore_tags`: ", None, id="no glob"),
        pytest.param("{repository: a, platforms: [linux]}", 40, "os/arch", None, id="no platform"),
        pytest.param("{repository: a, platforms: linux/amd64}", 39, "must be a list", "`[linux/amd64]`", id="no list"),
        pytest.param("{repository: a, minimum_age: 10}", 41, "duration", "30m", id="no unit"),
        pytest.param("{repository: a, pin: sha}", 33, "cannot be 'sha'", "one of", id="no pin"),
        pytest.param(
            "{repository: a, strategy: digest}", 38, "follows one tag, and none", "`constraint:`", id="no tag to follow"
        ),
        pytest.param(
            "{repository: a, strategy: digest, constraint: '>=1'}", 58, "'>=1' is none", None, id="no one tag"
        ),
        pytest.param(
            "{repository: a, strategy: digest, constraint: x, pin: tag}", 66, "only the digest", "`both`", id="pin tag"
        ),
        *(
            pytest.param(
                f"{{strategy: {strategy}, constraint: 1, repository: a}}",
                25 + len(strategy),
                "takes no `constraint`",
                "`allow_tags`",
                id=f"a constraint of {strategy}",
            )
            for strategy in ("newest-build", "alphabetical", "numerical")
        ),
        pytest.param(
            "{repository: a, extract: $1, allow_tags: (a)}", 28, "this is `semver`", "numerical", id="extract of semver"
        ),
        pytest.param(
            "{repository: a, extract: $1, strategy: numerical}", 28, "no `allow_tags`", "a group", id="extract alone"
        ),
        pytest.param(
            "{repository: a, strategy: numerical, allow_tags: '(?P<n>.)', extract: $m}",
            82,
            "has no group $m",
            None,
            id="extract of no group",
        ),
        pytest.param("{repository: a, release_notes: 'http://a/'}", 43, "not an https://", None, id="notes on http"),
        pytest.param("{repository: a, release_notes: 'https://a/{x}'}", 43, "only {tag}", None, id="notes by x"),
        pytest.param("{repository: a, release_notes: 'https://a/) [b'}", 43, "not an https://", None, id="notes break"),
    ],
)
def test_a_mistake_in_an_image(text: str, column: int, message: str, suggestion: str | None) -> None:
    """One mistake gives one problem, where it stands; inside a value where that reads as it was written."""
    (problem,) = problems(image(text))
    assert (problem.line, problem.column) == (4, column)
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")


@pytest.mark.parametrize(
    ("written", "message", "better"),
    [
        pytest.param("ghcr.io/O/App:1.0", "without tag and digest and in lower case", "ghcr.io/o/app", id="both"),
        pytest.param("ghcr.io/o/app:1.0", "without tag and digest", "ghcr.io/o/app", id="a tag"),
        pytest.param("ghcr.io/o/app@sha256:0a", "without tag and digest", "ghcr.io/o/app", id="a digest"),
        pytest.param("ghcr.io/O/App", "in lower case", "ghcr.io/o/app", id="capitals"),
        pytest.param("https://ghcr.io/O/App:1.0", "without a scheme", "ghcr.io/o/app", id="all at once"),
        pytest.param("docker://ghcr.io/o/app", "without a scheme", "ghcr.io/o/app", id="a scheme"),
    ],
)
def test_what_is_suggested_for_a_repository_is_one(written: str, message: str, better: str) -> None:
    """Nobody is told of the next mistake after mending the first."""
    (problem,) = problems(image(f"{{repository: '{written}'}}"))
    assert problem.message == f"an image's repository is written {message}"
    assert problem.suggestion == f"`{better}`"
    assert problems(image(f"{{repository: {better}}}")) == ()


@pytest.mark.parametrize(
    ("text", "message", "suggestion"),
    [
        (image("ghcr.io/o/app"), "image `web` must be a mapping", "`repository: ghcr.io/o/app` below it"),
        (image("[a]"), "image `web` must be a mapping", "`repository:` and where"),
        (image(""), "image `web` must be a mapping", "`repository:` and where"),
        (chart("oci://ghcr.io/o/app"), "chart `web` must be a mapping", "`repository:` and its"),
    ],
)
def test_one_value_in_place_of_the_keys_is_one_mistake(text: str, message: str, suggestion: str) -> None:
    """That it has no repository either need not be said."""
    (problem,) = problems(text)
    assert message in problem.message
    assert suggestion in (problem.suggestion or "")


@pytest.mark.parametrize(
    ("text", "column", "message", "suggestion"),
    [
        pytest.param("{chart: x}", 7, "has no repository", "oci://", id="no repository"),
        pytest.param("{repository: ghcr.io/a/b}", 25, "begins with oci:// or https://", "before it", id="no scheme"),
        pytest.param("{repository: 'git://a/b'}", 25, "begins with oci:// or https://", None, id="another scheme"),
        pytest.param("{repository: 'oci://h.io/a:1'}", 25, "without tag", "`oci://h.io/a`", id="a tag"),
        pytest.param("{repository: 'oci://h.io/A'}", 25, "in lower case", "`oci://h.io/a`", id="capitals"),
        pytest.param("{repository: 'oci://h.io//a'}", 25, "repository: ", None, id="no reference"),
        pytest.param("{repository: 'oci://'}", 25, "registry's host", None, id="nothing"),
        pytest.param("{repository: 'oci://bitnami/redis'}", 25, "'bitnami' is none", None, id="no host"),
        pytest.param("{repository: 'oci://h.io'}", 13, "none is named", "`chart:`", id="a host alone"),
        pytest.param("{repository: 'oci://[::1', chart: a}", 25, "repository: ", None, id="half a host"),
        pytest.param("{repository: 'oci://h.io/a', chart: B}", 48, "lower case", None, id="a chart in capitals"),
        pytest.param("{repository: 'oci://h.io/a', chart: ../b}", 48, "not the name of a chart", None, id="a climb"),
        pytest.param("{repository: 'oci://h.io/c/a', chart: a}", 43, "already", "no `chart`", id="its name twice"),
        pytest.param("{repository: 'https://h/c'}", 13, "none is named", "`chart:`", id="no chart named"),
        pytest.param("{repository: 'https://', chart: a}", 25, "not the address", None, id="no host there"),
        pytest.param("{repository: 'https://a:b/', chart: a}", 25, "repository: ", None, id="no port"),
        pytest.param("{repository: 'https://[::1', chart: a}", 25, "repository: ", None, id="half a bracket"),
        pytest.param("{repository: 'https://u:p@h', chart: a}", 25, "credentials never", None, id="credentials"),
        pytest.param("{repository: 'https://h/?a', chart: a}", 25, "no query", None, id="a query"),
        pytest.param("{repository: 'https://H/', chart: a}", 25, "lower case", None, id="a host in capitals"),
        pytest.param("{repository: 'https://h/index.yaml', chart: a}", 25, "write https://h", None, id="the index"),
        pytest.param("{repository: 'http://h/', chart: a}", 25, "changed by anyone", None, id="http"),
        pytest.param("{repository: 'oci://h.io/a', strategy: semver}", 41, "always", "no `strategy`", id="a strategy"),
        pytest.param("{repository: 'oci://h.io/a', pin: digest}", 41, "by its version", "no `pin`", id="a pin"),
        pytest.param("{repository: 'oci://h.io/a', constraint: y}", 53, "constraint: ", None, id="no constraint"),
        pytest.param("{repository: 'oci://h.io/a', charts: x}", 41, "is not a key", "`chart`", id="misspelt key"),
    ],
)
def test_a_mistake_in_a_chart(text: str, column: int, message: str, suggestion: str | None) -> None:
    """Charts come from OCI registries or from chart repositories, and are chosen by version alone."""
    (problem,) = problems(chart(text))
    assert (problem.line, problem.column) == (4, column)
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")


def test_a_registry_may_hold_charts_at_its_root() -> None:
    """The host, with or without its port, in `repository` and all of the path in `chart`."""
    shop = pipeline(chart("{repository: 'oci://charts.internal:5000', chart: app}"))
    assert shop.charts["web"].location == "charts.internal:5000/app"


def test_a_host_without_tls_is_the_operators_to_allow() -> None:
    """The file may say http://; whether that host may be spoken to so is judged by the check passed in."""
    assert problems(chart("{repository: 'http://charts.internal/a', chart: a}")) == ()


@pytest.mark.parametrize(
    ("verify", "column", "message", "suggestion"),
    [
        pytest.param("{}", 28, "proves nothing", "key", id="nothing"),
        pytest.param("[]", 36, "must be a mapping", None, id="a list"),
        pytest.param("{notary: x}", 37, "`notary` is not a key", "`cosign`", id="another way"),
        pytest.param("{cosign: {}}", 37, "names nobody", "`key`", id="nobody"),
        pytest.param("{cosign: {keys: a}}", 46, "`keys` is not a key", "`key`", id="misspelt key"),
        pytest.param("{cosign: {key: a, issuer: 'https://i'}}", 54, "not both", None, id="a key and an issuer"),
        pytest.param("{cosign: {identity: a}}", 46, "without the `issuer`", "`issuer:`", id="no issuer"),
        pytest.param("{cosign: {issuer: 'https://i'}}", 46, "everybody it knows", "`identity:`", id="no identity"),
        pytest.param("{cosign: {issuer: 'http://i', identity: a}}", 54, "https:// address", None, id="http issuer"),
        pytest.param(
            "{cosign: {issuer: 'https://i', identity: 'https://github.com/o/*'}}", 77, "exactly", None, id="a wildcard"
        ),
        pytest.param("{cosign: {key: /a.pub}}", 51, "without a slash", None, id="an absolute path"),
        pytest.param("{cosign: {key: a/../../b.pub}}", 51, "climb", None, id="a climbing path"),
        pytest.param("{cosign: {key: .git/config}}", 51, "below .git", None, id="inside .git"),
        pytest.param("{cosign: {key: keys/}}", 51, "names a folder", None, id="a folder"),
        pytest.param("{cosign: {key: 'awskms:///alias/k'}}", 51, "not followed", None, id="a key service"),
        pytest.param(
            '{cosign: {key: "-----BEGIN CERTIFICATE-----\\nx"}}', 51, "no public key", None, id="a certificate"
        ),
        pytest.param(
            '{cosign: {key: "-----BEGIN PUBLIC KEY-----\\nx\\n-----END PUBLIC KEY-----"}}',
            51,
            "no key",
            None,
            id="no key",
        ),
    ],
)
def test_a_mistake_in_who_must_sign(verify: str, column: int, message: str, suggestion: str | None) -> None:
    """Either a key, or an exact identity with the issuer that vouches for it."""
    (problem,) = problems(image(f"{{repository: a, verify: {verify}}}"))
    assert (problem.line, problem.column) == (4, column)
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")


@pytest.mark.parametrize(
    "kind", ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY"]
)
def test_a_private_key_is_refused_loudly(kind: str) -> None:
    """Whoever pastes one learns that it is lost, and the message does not spread it."""
    (problem,) = problems(image(f'{{repository: a, verify: {{cosign: {{key: "-----BEGIN {kind}-----\\ns3cr3t"}}}}}}'))
    assert "a PRIVATE key stands here" in problem.message
    assert "replaced" in problem.message
    assert "s3cr3t" not in str(problem)


@pytest.mark.parametrize(
    ("write", "column", "message", "suggestion"),
    [
        pytest.param("{file: a}", 35, "must be a list", "hyphen", id="no list"),
        pytest.param("[]", 28, "names no file", "remove `write`", id="no item"),
        pytest.param("[{tag: a}]", 36, "names no file", "`file:`", id="no file"),
        pytest.param("[{file: /a}]", 43, "without a slash", None, id="absolute"),
        pytest.param("[{file: a/../b}]", 43, "climb", None, id="climbing"),
        pytest.param("[{file: 'a\\b'}]", 43, "with slashes", None, id="backslash"),
        pytest.param("[{file: .github/workflows/a.yaml}]", 43, "never written", None, id="a workflow"),
        pytest.param("[{file: a, format: yaml}]", 54, "cannot be 'yaml'", "one of", id="no format"),
        pytest.param("[{file: a, format: chart}]", 54, "of charts, not of images", "`helm`", id="a chart's format"),
        pytest.param("[{file: a, tag: a..b}]", 51, "not a path of keys", None, id="no path of keys"),
        pytest.param("[{file: a, image: a, tag: b}]", 56, "the whole reference", "`image` alone", id="image and tag"),
        pytest.param("[{file: a, image: a, digest: b}]", 56, "the whole reference", None, id="image and digest"),
        pytest.param("[{file: a, version: b}]", 46, "`version` is not a key", None, id="a chart's key"),
        pytest.param("[{file: a, format: marker, tag: b}]", 62, "by itself", "no `tag`", id="a marker's path"),
        pytest.param("[{file: a}, {file: ./a}]", 47, "a second time", "once", id="a place twice"),
    ],
)
def test_a_mistake_in_where_it_is_written(write: str, column: int, message: str, suggestion: str | None) -> None:
    """Files stand below the environment's folder; paths into them are held to their grammar."""
    (problem,) = problems(image(f"{{repository: a, write: {write}}}"))
    assert (problem.line, problem.column) == (4, column)
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        pytest.param("[{file: a, tag: b}]", "`tag` is not a key", id="an image's key"),
        pytest.param("[{file: a, format: kustomize}]", "for the images", id="an image's format"),
    ],
)
def test_a_chart_is_written_by_its_version(write: str, message: str) -> None:
    """The keys and formats of images are not those of charts."""
    (problem,) = problems(chart(f"{{repository: 'oci://h.io/a', write: {write}}}"))
    assert message in problem.message


@pytest.mark.parametrize(
    ("images", "charts", "place", "message"),
    [
        pytest.param(
            "a: {repository: nginx}, b: {repository: docker.io/library/nginx}",
            "",
            (3, 38),
            "image `a` has the repository docker.io/library/nginx too",
            id="one repository under two spellings",
        ),
        pytest.param(
            "a: {repository: ghcr.io/o/a}",
            "a: {repository: 'oci://ghcr.io/o/b'}",
            (4, 14),
            "`a` is the name of an image already",
            id="one name for an image and a chart",
        ),
        pytest.param(
            "a: {repository: ghcr.io/o/a}",
            "b: {repository: 'oci://ghcr.io/o', chart: a}",
            (4, 14),
            "image `a` has the repository ghcr.io/o/a too",
            id="an image and a chart in one repository",
        ),
        pytest.param(
            "a: {repository: x}",
            "b: {repository: 'https://h/', chart: a}, c: {repository: 'https://h', chart: a}",
            (4, 55),
            "chart `b` has the repository https://h#a too",
            id="one chart twice",
        ),
    ],
)
def test_artifacts_are_told_apart(images: str, charts: str, place: tuple[int, int], message: str) -> None:
    """A name stands for one artifact, and a repository holds one of them."""
    rest = f"    charts: {{{charts}}}\n" if charts else ""
    text = f"pipelines:\n  shop:\n    images: {{{images}}}\n{rest}    environments: {{a: {{path: a}}}}\n"
    (problem,) = problems(text)
    assert (problem.line, problem.column) == place
    assert message in problem.message


def test_two_charts_may_share_a_chart_repository() -> None:
    """There the address and the name together say which chart it is."""
    text = "{a: {repository: 'https://h/', chart: a}, b: {repository: 'https://h', chart: b}}"
    assert problems(f"pipelines: {{shop: {{charts: {text}, environments: {{e: {{path: e}}}}}}}}") == ()


def test_no_charts_are_no_key() -> None:
    """As for images: an empty list of charts says nothing."""
    (problem,) = problems("pipelines: {shop: {charts: {}, environments: {e: {path: e}}}}")
    assert "`charts` names no chart" in problem.message


def test_the_schema_accepts_what_the_parser_accepts() -> None:
    """An editor shows no error in the whole example."""
    schema = jsonschema_rs.validator_for(json_schema())
    assert [str(error) for error in schema.iter_errors(yaml.safe_load(WHOLE))] == []


@pytest.mark.parametrize(
    "text",
    [
        image("{repository: a, stratgy: semver}"),
        image("{repository: a, strategy: latest}"),
        image("{repository: a, strategy: digest}"),
        image("{repository: a, strategy: digest, constraint: x, pin: tag}"),
        image("{repository: a, strategy: numerical, extract: $1}"),
        image("{repository: a, minimum_age: 10}"),
        image("{repository: a, verify: {}}"),
        image("{repository: a, verify: {cosign: {issuer: 'https://i'}}}"),
        image("{repository: a, verify: {cosign: {key: a, issuer: 'https://i', identity: b}}}"),
        image("{repository: a, write: []}"),
        image("{repository: a, write: {file: a}}"),
        image("{repository: a, write: [{file: a, version: b}]}"),
        chart("{repository: 'oci://h.io/a', write: [{file: a, tag: b}]}"),
        chart("{repository: 'oci://h.io/a', strategy: semver}"),
        chart("{chart: a}"),
    ],
)
def test_the_schema_refuses_what_it_can_see(text: str) -> None:
    """An editor shows the mistakes that need no grammar of versions, patterns or paths."""
    assert problems(text)
    assert not jsonschema_rs.validator_for(json_schema()).is_valid(yaml.safe_load(text))


VALUES = st.recursive(
    st.sampled_from(
        ["a", "ghcr.io/o/a", "oci://h.io/a", "https://h/", "", "30m", "digest", "numerical", "tag", None, ".."]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cosign", "key", "issuer", "identity", "file", "format", "image", "tag", "version"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
ARTIFACTS = st.dictionaries(
    st.sampled_from(["a", "b", "C"]),
    st.dictionaries(
        st.sampled_from(
            [
                "repository",
                "chart",
                "strategy",
                "constraint",
                "allow_tags",
                "extract",
                "pin",
                "verify",
                "write",
                "platforms",
            ]
        ),
        VALUES,
        max_size=6,
    ),
    max_size=3,
)


@given(images=ARTIFACTS, charts=ARTIFACTS, release=VALUES)
def test_any_shape_of_artifacts_is_read_or_refused(images: Any, charts: Any, release: Any) -> None:
    """What is well-formed but senseless is refused as well, each problem with its words."""
    shop = {"images": images, "charts": charts, "release": release, "environments": {"e": {"path": "e"}}}
    assert all(p.message for p in problems(yaml.safe_dump({"pipelines": {"shop": shop}})))
