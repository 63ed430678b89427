"""Tables of what the configuration file may say, and of each mistake with its place and remedy."""

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
from config.parse import PATH, Checks, ConfigError, Problem, parse
from config.pipeline import HealthSource, MergeMethod, Mode, Promote
from config.schema import json_schema

CHECKS = Checks(
    check_repository=normalise_repository,
    check_constraint=parse_constraint,
    check_pattern=check_pattern,
    check_glob=check_glob,
)

SHOP = """\
version: 1
mode: propose
pipelines:
  shop:
    images:
      web: {repository: ghcr.io/org/shop, constraint: 1.10, allow_tags: '^v?[0-9.]+$', ignore_tags: [latest, 1.10]}
    environments:
      production:
        branch: production
        path: apps/shop/
        after: [staging]
        approvals: {count: 2, users: [alice, bob]}
        gates: {soak: 1d}
      staging: {path: ./apps//shop/staging, after: [development], auto: true, gates: {health: true, soak: 30m}}
      development: {path: apps/shop/development, health: {from: none, timeout: 2h, grace: 90s}, supersede: always}
  source:
    environments:
      develop: {branch: develop}
      live: {branch: live, after: [develop]}
"""


def environments(text: str, *, images: bool = True) -> str:
    """A file of one pipeline with these environments, which begin in line 6, or 4 without images."""
    image = "    images:\n      web: {repository: ghcr.io/org/shop}\n" if images else ""
    body = "".join(f"      {line}\n" for line in text.splitlines())
    return f"pipelines:\n  shop:\n{image}    environments:\n{body}"


def problems(text: str, *, path: str = PATH, default_branch: str | None = None) -> tuple[Problem, ...]:
    """What is wrong with a text that must be refused."""
    found = judged(text, path=path, default_branch=default_branch)
    assert found
    return found


def judged(text: str, *, path: str = PATH, default_branch: str | None = None) -> tuple[Problem, ...]:
    """What is wrong with a text; nothing, where it is read."""
    try:
        parse(text, path=path, checks=CHECKS, default_branch=default_branch)
    except ConfigError as error:
        return error.problems
    return ()


def test_a_whole_file() -> None:
    """Values keep their text, defaults follow the pipeline, environments stand upstream first."""
    configuration = parse(SHOP, checks=CHECKS, default_branch="main")
    shop, source = configuration.pipelines
    development, staging, production = shop.environments
    assert configuration.mode is Mode.PROPOSE
    assert (shop.images["web"].constraint, shop.images["web"].ignore_tags) == ("1.10", ("latest", "1.10"))
    assert [e.path for e in shop.environments] == ["apps/shop/development", "apps/shop/staging", "apps/shop"]
    assert (staging.auto, staging.gates.soak, production.gates.soak) == (
        True,
        timedelta(minutes=30),
        timedelta(days=1),
    )
    assert (development.health.source, development.health.timeout, development.health.grace) == (
        HealthSource.NONE,
        timedelta(hours=2),
        timedelta(seconds=90),
    )
    assert (production.promote, production.merge_method) == (Promote.VERSIONS, MergeMethod.SQUASH)
    assert [(e.promote, e.merge_method) for e in source.environments] == [(Promote.MERGE, MergeMethod.MERGE)] * 2
    assert source.is_source(source.environments[0])


def test_a_byte_order_mark_and_crlf_are_read() -> None:
    """Editors on Windows write both."""
    assert parse("\ufeff" + SHOP.replace("\n", "\r\n")) == parse(SHOP)


def test_aliases_are_followed() -> None:
    """An anchor may share a section between environments."""
    text = environments("a: {path: a, health: &h {from: none}}\nb: {path: b, after: [a], health: *h}")
    assert [e.health.source for e in parse(text).pipelines[0].environments] == [HealthSource.NONE] * 2


A = "a: {path: a}\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "suggestion"),
    [
        pytest.param("a: {pth: a}", 6, 11, "`pth` is not a key", "`path`", id="unknown key"),
        pytest.param("a: {path: a, path: b}", 6, 20, "second time", None, id="duplicate key"),
        pytest.param(
            "a: {path: a, health: {at_least: 2}}", 6, 29, "not supported by this version yet", None, id="a later key"
        ),
        pytest.param("a: {path: a, keep: [b]}", 6, 20, "so that nothing needs keeping", "no `keep`", id="keep beside"),
        pytest.param("a: {path: a, gates: {scan: x}}", 6, 28, "not supported by this", None, id="a later gate"),
        pytest.param("a: {path: a, promote: tree}", 6, 29, "are its images and charts", "versions", id="images copied"),
        pytest.param(
            "a: {path: a, health: {from: flux}}", 6, 35, "not supported by this", "one of", id="a later health"
        ),
        pytest.param("a: {path: a, approvals: {teams: [x]}}", 6, 40, "not a team", "organisation/team", id="no team"),
        pytest.param("a: {path: a, auto: yes}", 6, 26, "true or false, not 'yes'", "`true`", id="yes is no truth"),
        pytest.param(
            "a: {path: a, supersede: allways}", 6, 31, "cannot be 'allways'", "`always`", id="misspelt choice"
        ),
        pytest.param("a: {path: a, approvals: {count: 0}}", 6, 39, "whole number", "from 1 to 20", id="no approval"),
        pytest.param("a: {path: a, approvals: {users: ['@al']}}", 6, 40, "not a GitHub login", "`al`", id="an at sign"),
        pytest.param(
            "a: {path: a, approvals: {count: 2, users: [x, X]}}", 6, 49, "fewer users", "at least 2", id="users"
        ),
        pytest.param("a: {path: a, health: {grace: 2}}", 6, 36, "duration", "30m", id="no unit"),
        pytest.param("a: {path: a, health: {grace: 999d}}", 6, 36, "longer than a year", None, id="a long time"),
        pytest.param(
            "a: {path: a, gates: {soak: 1h}}", 6, 28, "upstream, and this one has none", "`after:`", id="soak"
        ),
        pytest.param("a: {path: a, gates: {health: true}}", 6, 28, "upstream, and this", "`after:`", id="health gate"),
        pytest.param("A_b: {path: a}", 6, 7, "name 'A_b' must be lower-case", "`a-b`", id="name"),
        pytest.param("a: {path: /a}", 6, 17, "without a slash", "`a`", id="absolute path"),
        pytest.param("a: {path: a/../b}", 6, 17, "climb", "path", id="climbing path"),
        pytest.param("a: {path: 'a\\b'}", 6, 17, "with slashes", "`a/b`", id="backslash"),
        pytest.param("a: {path: a/.GIT/b}", 6, 17, "never written", "path", id="inside .git"),
        pytest.param("a: {path: ./.github}", 6, 17, "never written", "path", id=".github"),
        pytest.param('a: {path: "a\\0"}', 6, 17, "not the path of a folder", None, id="NUL in the path"),
        pytest.param("a: {path: }", 6, 11, "`path` has no value", None, id="empty value"),
        pytest.param("a: {branch: a..b}", 6, 19, "not the name of a branch", None, id="no branch"),
        pytest.param("a: {branch: refs/heads/x}", 6, 19, "without refs/", "`x`", id="a ref"),
        pytest.param("a: {branch: caisson/x}", 6, 19, "Caisson's own", None, id="our own branches"),
        pytest.param(
            "a: {path: a, promote: merge}", 6, 29, "moves commits", "`promote: versions`", id="merge of images"
        ),
        pytest.param(
            "a: {branch: a, hydrated: b}", 6, 22, "releases are its artifacts", "no `hydrated`", id="hydrated images"
        ),
        pytest.param("a: {path: a, merge_method: rebase}", 6, 34, "did not check", "squash", id="rebase"),
        pytest.param(A + "b: {path: b, after: [aa]}", 7, 28, "no environment `aa`", "`a`", id="unknown upstream"),
        pytest.param(A + "b: {path: b, after: a}", 7, 27, "`after` must be a list", "`[a]`", id="not a list"),
        pytest.param("a: {path: a, after: [a]}", 6, 28, "after itself", None, id="its own upstream"),
        pytest.param(
            "a: {path: a, after: [b]}\nb: {path: b, after: [a]}", 7, 28, "circle: a → b → a", None, id="a circle"
        ),
        pytest.param(A + "b: {path: ./a/, after: [a]}", 7, 17, "shop/a already lives in a", "its own", id="same path"),
        pytest.param(A + "b: {path: a/b, after: [a]}", 7, 17, "which holds a/b", "its own", id="nested path"),
        pytest.param("a: {}\nb: {path: b, after: [a]}", 7, 17, "the whole tree", "its own", id="inside the tree"),
        pytest.param("a: !x {path: a}", 6, 10, "tag `!x` is not allowed", "without a tag", id="a tag"),
        pytest.param("a: {path: a, <<: {auto: true}}", 6, 20, "merge keys", "the keys out", id="a merge key"),
        pytest.param("a: []", 6, 10, "must be a mapping", None, id="a list for a mapping"),
    ],
)
def test_a_mistake_in_an_environment(text: str, line: int, column: int, message: str, suggestion: str | None) -> None:
    """One mistake gives one problem, at the offending key or value, with what to write instead."""
    (problem,) = problems(environments(text))
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("a: {promote: versions}", 4, "needs images", id="versions without images"),
        pytest.param("a: {branch: m}\nb: {path: x, after: [a]}", 5, "not a `path`", id="a merge of a folder"),
        pytest.param(
            "a: {path: x}\nb: {branch: b, after: [a]}", 5, "`a` is the folder x", id="a folder that is merged"
        ),
        pytest.param("a: {keep: [x]}", 4, "that is the source", id="a source that keeps"),
        pytest.param(
            "a: {path: x}\nb: {path: y}\nc: {path: z, after: [a], promote: tree}",
            5,
            "`a` is one already",
            id="two sources",
        ),
        pytest.param(
            "a: {path: x}\nb: {path: y, after: [a], promote: tree, keep: []}", 5, "lists what", id="nothing kept"
        ),
        pytest.param(
            "a: {path: x}\nb: {path: y, after: [a], promote: tree, keep: [/b]}",
            5,
            "without a slash",
            id="from the root",
        ),
        pytest.param("a: {path: x}\nb: {path: y, after: [a], promote: tree, keep: [../b]}", 5, "climb", id="climbing"),
        pytest.param(
            "a: {path: x}\nb: {path: y, after: [a], promote: tree, keep: ['a\\b']}", 5, "slashes", id="backslash"
        ),
        *(
            pytest.param(
                f"a: {{path: x}}\nb: {{path: y, after: [a], promote: tree, keep: ['{glob}']}}", 5, "everything", id=glob
            )
            for glob in ("*", "**", "**/*", "./", "**/**")
        ),
        pytest.param("a: {merge_method: squash}", 4, "needs merge commits", id="a squashed merge"),
        pytest.param("a: {hydrated: x-next}", 4, "a branch of its own", id="hydrated without a branch"),
        pytest.param("a: {branch: x, path: p, hydrated: x-next}", 4, "whole, not a `path`", id="a hydrated folder"),
        pytest.param("a: {branch: x, hydrated: x-next, keep: [b]}", 4, "nothing can be kept", id="hydrated and kept"),
        pytest.param("a: {branch: x, hydrated: x-next, promote: tree}", 4, "by merges", id="hydrated and copied"),
        pytest.param(
            "a: {branch: x, hydrated: n, repository: o/r}", 4, "within one repository", id="hydrated elsewhere"
        ),
        pytest.param("a: {branch: x, hydrated: true}", 4, "name of the branch", id="hydrated without a name"),
        pytest.param("a: {branch: x, hydrated: x}", 4, "without any gate", id="hydrated into the branch itself"),
        pytest.param("a: {branch: x, hydrated: refs/heads/x-next}", 4, "without refs/", id="a hydrated ref"),
        pytest.param(
            "a: {branch: x, hydrated: x-next}\nb: {branch: y, after: [a]}", 5, "one kind of release", id="half hydrated"
        ),
        pytest.param(
            "a: {branch: x, hydrated: n}\nb: {branch: y, hydrated: n, after: [a]}",
            5,
            "for `a` already",
            id="hydrated twice",
        ),
        pytest.param(
            "a: {branch: x, hydrated: x-next}\nb: {branch: y, hydrated: x, after: [a]}", 5, "of `a`, into", id="crossed"
        ),
        pytest.param("a: {}\nb: {after: [a]}", 5, "already lives in the whole tree on the default branch", id="twice"),
        pytest.param("a: {}\nb: {branch: main, after: [a]}", 5, "already lives", id="the default branch by its name"),
    ],
)
def test_a_mistake_in_a_pipeline_of_branches(text: str, line: int, message: str) -> None:
    """Without images, environments are branches that are merged, or folders that are copied."""
    (problem,) = problems(environments(text, images=False), default_branch="main")
    assert problem.line == line
    assert message in problem.message


@pytest.mark.parametrize(
    ("image", "message", "suggestion"),
    [
        pytest.param("{repository: ghcr.io/o/App}", "lower case", "`ghcr.io/o/app`", id="capitals"),
        pytest.param("{repository: 'h:5000/app:1'}", "without tag", "`h:5000/app`", id="a tag after a port"),
        pytest.param("{repository: a@sha256:1}", "without tag and digest", "`a`", id="a digest"),
        pytest.param("{repository: https://ghcr.io/a}", "without a scheme", "`ghcr.io/a`", id="a scheme"),
        pytest.param("{repository: ghcr.io/a//b}", "repository: ", None, id="no reference"),
        pytest.param("{repository: a, constraint: '>=y'}", "constraint: ", None, id="no constraint"),
        pytest.param("{repository: a, allow_tags: '('}", "allow_tags: ", None, id="no pattern"),
        pytest.param("{repository: a, ignore_tags: ['[']}", "`ignore_tags`: ", None, id="no glob"),
        pytest.param("{constraint: 1}", "no repository", "`repository:`", id="no repository"),
    ],
)
def test_a_mistake_in_an_image(image: str, message: str, suggestion: str | None) -> None:
    """Grammars that are not the file's own are judged by the checks passed in."""
    text = f"pipelines:\n  shop:\n    images:\n      web: {image}\n    environments:\n      a: {{path: a}}\n"
    (problem,) = problems(text)
    assert problem.line == 4
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param("", (1, 1), "empty", id="empty"),
        pytest.param("# x\n", (1, 1), "empty", id="only a comment"),
        pytest.param("[]", (1, 1), "must be a mapping", id="a list"),
        pytest.param("version: 1\n", (1, 1), "declares no pipelines", id="no pipelines"),
        pytest.param("version: 2\npipelines: {}\n", (1, 10), "`version: 1` only", id="another version"),
        pytest.param("pipelines: {}\ndefault: {}\n", (2, 1), "`default` is not a key", id="an unknown key"),
        pytest.param("pipelines: {}\nemergency: {people: 1}\n", (2, 21), "must be a whole number", id="one person"),
        pytest.param("pipelines: {}\nemergency: {who: 2}\n", (2, 13), "`who`", id="an emergency's unknown key"),
        pytest.param("pipelines: {}\nemergency: 2\n", (2, 12), "must be a mapping", id="an emergency's number alone"),
        pytest.param("pipelines: {a: {}}\n", (1, 13), "no environments", id="no environments"),
        pytest.param("pipelines: {a: b}\n", (1, 16), "pipeline `a` must be a mapping", id="no keys"),
        pytest.param("pipelines: {a: {environments: {}}}\n", (1, 17), "no environments", id="none inside"),
        pytest.param("a: b: c\n", (1, 5), "not YAML", id="no YAML"),
        pytest.param("a: 1\n---\nb: 1\n", (2, 1), "more than one YAML document", id="two documents"),
        pytest.param("[" * 100_000, (1, 65), "nested more than 64", id="depth"),
        pytest.param("a: &a x\nb: [" + "*a, " * 101 + "]\n", (2, 405), "more than 100 aliases", id="aliases"),
        pytest.param("a: *b\n", (1, 4), "refers to nothing", id="an alias of nothing"),
        pytest.param("é" * (1 << 19) + "x", (1, 1), "larger than 1 MiB", id="size in bytes"),
        pytest.param("a: 1\nb: \x07\n", (2, 4), "U+0007", id="a control character"),
        pytest.param("a: \ud800\n", (1, 4), "U+D800", id="a lone surrogate"),
    ],
)
def test_a_mistake_in_the_file(text: str, place: tuple[int, int], message: str) -> None:
    """What spoils the whole file is one problem too."""
    (problem,) = problems(text)
    assert (problem.line, problem.column) == place
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("pipelines:\n\tshop: {}\n", (2, 1), id="before a key"),
        pytest.param("pipelines:\n  \tshop: {}\n", (2, 3), id="behind spaces"),
        pytest.param("pipelines:\n  a: {b: c}\n\td: e\n", (3, 1), id="in the middle of a mapping"),
        pytest.param("\ufeffpipelines:\n\tshop: {}\n", (2, 1), id="behind a byte order mark"),
    ],
)
def test_a_tab_is_called_by_its_name(text: str, place: tuple[int, int]) -> None:
    """Editors do not show it, and libyaml does not name it."""
    (problem,) = problems(text)
    assert (problem.line, problem.column) == place
    assert problem.message == "this is not YAML: a tab stands where YAML takes spaces only"
    assert problem.suggestion == "spaces instead of the tab"


def test_every_mistake_is_told_at_once_in_order() -> None:
    """Nobody pushes twice to learn of a second mistake."""
    found = problems(environments("a: {pth: a, auto: 1}\nb: {path: b, after: [c], gates: {soak: x}}"))
    assert [(p.line, p.column) for p in found] == [(6, 11), (6, 25), (7, 28), (7, 46)]


def test_two_pipelines_may_not_live_in_one_place() -> None:
    """The later of the two is told of the earlier."""
    text = environments("a: {path: a}") + environments("b: {path: a/b}").removeprefix("pipelines:\n").replace(
        "shop:", "two:"
    )
    (problem,) = problems(text)
    assert "shop/a already lives in a on the default branch" in problem.message


def test_a_problem_reads_as_one_line() -> None:
    """Path, place, message and remedy, as compilers print them; what people wrote cannot break the line."""
    (problem,) = problems(environments('"a\\nb": {path: a}'), path="x.yaml")
    assert str(problem).startswith("x.yaml:6:7: the environment name 'a\\nb' must be")
    assert str(problem).endswith("; write `a-b`")
    (problem,) = problems(environments('a: {"x\\ny": 1}'))
    assert "\n" not in str(problem)


def test_the_schema_accepts_what_the_parser_accepts() -> None:
    """An editor shows no error in a good file, and shows an unknown key in a bad one."""
    schema = jsonschema_rs.validator_for(json_schema())
    good = yaml.safe_load(SHOP.replace("1.10", "'1.10'"))
    assert [str(e) for e in schema.iter_errors(good)] == []
    good["pipelines"]["shop"]["environments"]["staging"]["pth"] = "x"
    assert not schema.is_valid(good)


PIECES = st.sampled_from(
    ["a", "pipelines", "environments", "images", "path", "after", "gates", "soak", "30m", "~", "&a", "*a", "!x ", "<<"]
) | st.sampled_from(["{", "}", "[", "]", "'", '"', "|", "#", ": ", "- ", ", ", "\n", "\n  ", "\n    ", "\t", "\ufeff"])


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser fail in another way than by naming problems with places."""
    assert all(p.line >= 1 and p.column >= 1 for p in judged(text))


NODES = st.recursive(
    st.sampled_from(["a", "b", "", "30m", "true", "1", None, "/x", ".."]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "a",
                    "b",
                    "path",
                    "branch",
                    "after",
                    "after_any",
                    "pace",
                    "auto",
                    "gates",
                    "soak",
                    "health",
                    "promote",
                    "approvals",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c-d", "E"]), NODES, max_size=4))
def test_any_shape_of_environments_is_read_or_refused(declared: dict[str, Any]) -> None:
    """What is well-formed but senseless is refused as well."""
    text = yaml.safe_dump({"pipelines": {"shop": {"environments": declared}}})
    assert all(p.message for p in judged(text))
