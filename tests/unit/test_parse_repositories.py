"""Tables of environments in other repositories, and of those that other repositories promote into."""

from typing import Any

import jsonschema_rs
import pytest
import yaml

from config.approvals import Approvals
from config.parse import ConfigError, parse, read
from config.pipeline import AcceptFrom, Access, Received, Roles, Skippable
from config.schema import json_schema

ITEM = "{repository: org/deploy, pipeline: web, environment: production}"


def sending(more: str, *, images: bool = True) -> str:
    """A file of one pipeline whose second environment says `more`; the pipeline's images begin in line 3."""
    image = "    images: {web: {repository: ghcr.io/org/web}}\n" if images else "    # None\n"
    return f"pipelines:\n  web:\n{image}    environments:\n      staging: {{path: a}}\n      production: {{{more}}}\n"


def receiving(*lines: str) -> str:
    """A file of one pipeline with these environments, the first in line 4."""
    return "pipelines:\n  apps:\n    environments:\n" + "".join(f"      {line}\n" for line in lines)


ANY = 'accept_from: [{repository: org/deploy, pipeline: "{name}", environment: production}]'
FOR_FOLDERS = f"""\
pipelines:
  "{{name}}":
    for_each: apps/*
    environments:
      live: {{path: "apps/{{name}}", {ANY}}}
"""


def problems(text: str, *, repository: str | None = None) -> list[str]:
    """What is wrong with a text that must be refused."""
    with pytest.raises(ConfigError) as caught:
        parse(text, default_branch="main", repository=repository)
    return [str(problem).removeprefix(".github/caisson.yaml:") for problem in caught.value.problems]


def test_an_environment_in_another_repository() -> None:
    """Its name is kept as it is written."""
    (pipeline,) = parse(sending("repository: Org/Other.live, path: apps/web, after: [staging]")).pipelines
    assert [e.repository for e in pipeline.environments] == [None, "Org/Other.live"]


def test_the_repository_itself_is_no_other() -> None:
    """Named in whatever case, where it is known which one the file lies in."""
    (pipeline,) = parse(sending("repository: Org/Deploy, path: b"), repository="org/deploy").pipelines
    assert [e.repository for e in pipeline.environments] == [None, None]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("repository: org/other, path: a", id="the same folder of another repository"),
        pytest.param("repository: org/other, path: a/b", id="a folder below the same one of another repository"),
    ],
)
def test_places_of_different_repositories_never_collide(more: str) -> None:
    """What lies in one is nowhere in the other."""
    assert parse(sending(more)).pipelines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            sending("repository: 'https://github.com/org/other.git', path: b"),
            "6:32: 'https://github.com/org/other.git' is not the full name of a repository; write `org/other`",
            id="an address",
        ),
        pytest.param(
            sending("repository: 'git@github.com:org/other.git', path: b"),
            "6:32: 'git@github.com:org/other.git' is not the full name of a repository; write `org/other`",
            id="an address of SSH",
        ),
        pytest.param(
            sending("repository: other, path: b"),
            "6:32: 'other' is not the full name of a repository; write `owner/name`",
            id="a name without its owner",
        ),
        pytest.param(
            sending("repository: org/other, path: b, after: [staging], promote: tree", images=False),
            "6:20: folders are copied within one repository: releases of images and charts go into others; "
            "write no `repository`, or declare `images` or `charts`",
            id="a folder that is copied",
        ),
        pytest.param(
            sending("repository: org/other, branch: live, after: [staging]", images=False).replace("{path: a}", "{}"),
            "6:20: commits are merged within one repository: releases of images and charts go into others; "
            "write no `repository`, or declare `images` or `charts`",
            id="a merge across repositories",
        ),
        pytest.param(
            sending("repository: org/other, path: a}\n      third: {repository: Org/Other, path: a/b"),
            "7:44: web/production already lives in a on the default branch of org/other, which holds a/b; "
            "write a `path` or `branch` of its own",
            id="two environments in each other there",
        ),
    ],
)
def test_a_mistake_in_a_repository_is_named_with_its_remedy(text: str, said: str) -> None:
    """With its place, and nothing else besides."""
    assert problems(text) == [said]


def test_the_repository_itself_collides_with_its_own_places() -> None:
    """Though one of them names it."""
    (said,) = problems(sending("repository: Org/Deploy, branch: main, path: a"), repository="org/deploy")
    assert "web/staging already lives in a on" in said


# --- environments that others promote into ----------------------------------------------------------------------------


def test_an_environment_that_another_repository_promotes_into() -> None:
    """It is no stop of a pipeline of this file: there may be none at all."""
    more = "approvals: {count: 2}, roles: {merge: admin}, skippable: []"
    declared = parse(receiving(f"live: {{branch: live, path: ./apps//web, accept_from: [{ITEM}], {more}}}"))
    assert declared.pipelines == ()
    assert declared.received == (
        Received(
            pipeline="apps",
            name="live",
            branch="live",
            path="apps/web",
            accept_from=AcceptFrom(repository="org/deploy", pipeline="web", environment="production"),
            approvals=Approvals(count=2),
            roles=Roles(merge=Access.ADMIN),
            skippable=(),
        ),
    )


def test_what_it_does_not_say_it_does_not_ask_for() -> None:
    """Neither approvals nor a list of gates."""
    number = ITEM.replace("org/deploy", "4711")
    (received,) = parse(receiving(f"live: {{path: a, accept_from: [{number}]}}")).received
    assert (received.approvals, received.roles, received.skippable) == (None, Roles(), None)
    assert received.accept_from.repository == "4711"
    assert Skippable.SOAK in Skippable


def test_it_stands_beside_environments_of_the_pipeline_s_own() -> None:
    """Which keep to themselves."""
    text = sending(f"path: b, accept_from: [{ITEM}]")
    declared = parse(text)
    assert [e.name for e in declared.pipelines[0].environments] == ["staging"]
    assert [e.name for e in declared.received] == ["production"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            receiving("live: {accept_from: []}"),
            "4:27: `accept_from` names nobody; write who may promote into it, or remove `accept_from`",
            id="nobody",
        ),
        pytest.param(
            receiving("live: {accept_from: org/deploy}"),
            "4:27: `accept_from` must be a list; write each item after a hyphen",
            id="no list",
        ),
        pytest.param(
            receiving(f"live: {{accept_from: [{ITEM}, {ITEM}]}}"),
            "4:27: `accept_from` names more than one: an environment takes its releases from one pipeline; "
            "write one item",
            id="two writers of one place",
        ),
        pytest.param(
            receiving("live: {accept_from: [{repository: org/deploy}]}"),
            "4:28: an item of `accept_from` needs `pipeline`, `environment`; "
            "write `{repository: owner/name, pipeline: web, environment: production}`",
            id="a repository alone, which is not said to mean all of it",
        ),
        pytest.param(
            receiving("live: {accept_from: [{repository: 'org/*', pipeline: web, environment: production}]}"),
            "4:41: 'org/*' is not the full name of a repository; write `owner/name`",
            id="a pattern",
        ),
        pytest.param(
            receiving(f"live: {{accept_from: [{ITEM.replace('web', 'Web')}]}}"),
            "4:63: the pipeline name 'Web' must be lower-case letters, digits and hyphens, at most 60; write `web`",
            id="a name that no pipeline has",
        ),
        pytest.param(
            receiving(f"live: {{auto: true, accept_from: [{ITEM}]}}"),
            "4:14: environment `live` takes no `auto`: the file of the repository that promotes into it says so; "
            "write no `auto`",
            id="what the promoting file says",
        ),
        pytest.param(
            receiving(f"live: {{repository: org/other, accept_from: [{ITEM}]}}"),
            "4:14: environment `live` takes no `repository`: it is this one, which another promotes into; "
            "write no `repository`",
            id="a place that is neither here nor there",
        ),
        pytest.param(
            sending(f"path: b, accept_from: [{ITEM}]").replace("{path: a}", "{path: a, after: [production]}"),
            "5:34: another repository's pipeline promotes into `production`, and its releases end there; "
            "write an environment that this pipeline promotes into",
            id="an upstream of which nothing is known",
        ),
        pytest.param(
            sending(f"path: a/b, accept_from: [{ITEM}]"),
            "6:26: web/staging already lives in a on the default branch, which holds a/b; "
            "write a `path` or `branch` of its own",
            id="inside an environment of its own",
        ),
        pytest.param(
            receiving(f"one: {{path: a, accept_from: [{ITEM}]}}", f"two: {{path: a, accept_from: [{ITEM}]}}"),
            "5:19: apps/one already lives in a on the default branch; write a `path` or `branch` of its own",
            id="two that share a place",
        ),
        pytest.param(
            receiving(f"live: {{path: a, accept_from: [{ITEM}]}}").replace(
                "    environments", "    images: {web: {repository: ghcr.io/org/web}}\n    environments"
            ),
            "2:3: pipeline `apps` promotes nothing itself: other repositories promote into its environments; "
            "write no `images`, `charts` and `release`, or an environment of its own",
            id="images that go nowhere",
        ),
    ],
)
def test_a_mistake_in_what_is_received_is_named_with_its_remedy(text: str, said: str) -> None:
    """With its place, and nothing else besides."""
    assert problems(text) == [said]


def test_a_repository_need_not_accept_itself() -> None:
    """And an item that says so would not be looked for."""
    (said,) = problems(receiving(f"live: {{path: a, accept_from: [{ITEM}]}}"), repository="Org/Deploy")
    assert "`accept_from` names org/deploy itself" in said


# --- defaults and many folders ----------------------------------------------------------------------------------------


def test_it_takes_of_the_defaults_what_it_may_say_itself() -> None:
    """What every environment of a file asks for it asks for too, unless it says otherwise."""
    defaults = (
        "defaults: {auto: true, gates: {soak: 1h}, approvals: {count: 2}, roles: {merge: admin}, skippable: []}\n"
    )
    own = "approvals: {count: 3}, skippable: [soak]"
    text = defaults + receiving(
        f"live: {{path: a, accept_from: [{ITEM}]}}", f"other: {{path: b, accept_from: [{ITEM}], {own}}}"
    )
    live, other = parse(text).received
    assert (live.approvals, live.roles, live.skippable) == (Approvals(count=2), Roles(merge=Access.ADMIN), ())
    assert (other.approvals, other.skippable) == (Approvals(count=3), (Skippable.SOAK,))


@pytest.mark.parametrize(
    ("defaults", "said"),
    [
        pytest.param("approvals: {count: 0}", "1:31: count must be a whole number, not '0'", id="a mistaken value"),
        pytest.param("repository: org/other", "1:12: `defaults` takes no `repository`", id="a place for all"),
        pytest.param(f"accept_from: [{ITEM}]", "1:12: `defaults` takes no `accept_from`", id="leave for all"),
    ],
)
def test_a_mistake_in_the_defaults_is_told_once_where_it_stands(defaults: str, said: str) -> None:
    """Though no environment but those that others promote into would take it."""
    (told,) = problems(f"defaults: {{{defaults}}}\n" + receiving(f"live: {{path: a, accept_from: [{ITEM}]}}"))
    assert told.startswith(said)


def test_one_declaration_accepts_a_pipeline_for_each_folder() -> None:
    """The folder's name stands in the place, and in the name of the pipeline that may promote into it."""
    found = read(FOR_FOLDERS, folders={"apps": ("web", "api")})
    assert (found.parents, found.configuration.pipelines, found.left_out) == (("apps",), (), ())
    accepted = [(one.pipeline, one.path, one.accept_from.pipeline) for one in found.configuration.received]
    assert accepted == [("api", "apps/api", "api"), ("web", "apps/web", "web")]
    assert read(FOR_FOLDERS).configuration.received == ()


def test_a_pipeline_for_each_folder_may_go_into_another_repository() -> None:
    """Where it names the one that the file lies in, it stays at home."""
    images = "    images: {web: {repository: ghcr.io/org/web}}\n"
    text = FOR_FOLDERS.replace(ANY, "repository: Org/Other").replace("    environments", f"{images}    environments")
    for home, named in (("org/deploy", "Org/Other"), ("org/other", None)):
        (pipeline,) = read(text, repository=home, folders={"apps": ("web",)}).configuration.pipelines
        assert [e.repository for e in pipeline.environments] == [named]


def test_a_folder_whose_place_is_taken_accepts_nobody() -> None:
    """Else two pipelines would write the same files; the other folders are accepted all the same."""
    own = "  shop:\n    images: {a: {repository: ghcr.io/org/a}}\n    environments: {dev: {path: apps/web/dev}}\n"
    found = read(FOR_FOLDERS + own, folders={"apps": ("web", "api")})
    assert [one.pipeline for one in found.configuration.received] == ["api"]
    (told,) = found.left_out
    assert (told.line, told.column) == (3, 15)
    assert told.message == "the folder apps/web has no pipeline: shop/dev lives where it would"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            "apps/{name}",
            "apps",
            "5:20: every folder needs a place of its own, and this is one for all: apps on the default branch",
            id="one place for all",
        ),
        pytest.param(
            "environment: production",
            'environment: "{name}"',
            "5:107: environment does not take the folder's name",
            id="a name where none stands",
        ),
        pytest.param("org/deploy", "org/home", "5:48: `accept_from` names org/home itself", id="the repository itself"),
    ],
)
def test_a_mistake_in_what_every_folder_accepts_is_told_once(old: str, new: str, said: str) -> None:
    """Before there is any folder."""
    (told,) = problems(FOR_FOLDERS.replace(old, new), repository="org/home")
    assert told.startswith(said)


VALID = [
    pytest.param(FOR_FOLDERS, id="an environment that is received in each of many folders"),
    pytest.param(sending("repository: org/other, path: b"), id="an environment elsewhere"),
    pytest.param(receiving(f"live: {{path: a, accept_from: [{ITEM}]}}"), id="an environment that is received"),
    pytest.param(
        receiving(f"live: {{path: a, accept_from: [{ITEM.replace('org/deploy', '4711')}]}}"), id="from a number"
    ),
]


@pytest.mark.parametrize("text", VALID)
def test_the_schema_for_editors_knows_both(text: str) -> None:
    """What is read here, an editor does not mark."""
    parse(text)
    assert schema().is_valid(yaml.safe_load(text))


@pytest.mark.parametrize("key", ["received_as: a/b", "accept_from: []", f"accept_from: [{ITEM}, {ITEM}]"])
def test_the_schema_for_editors_marks_what_is_refused(key: str) -> None:
    """What is no key of the file, and any but one item."""
    assert not schema().is_valid(yaml.safe_load(receiving(f"live: {{path: a, {key}}}")))
    assert problems(receiving(f"live: {{path: a, {key}}}"))


def schema() -> Any:
    return jsonschema_rs.validator_for(json_schema())
