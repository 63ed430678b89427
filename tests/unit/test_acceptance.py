"""Which environments another repository's file accepts, what it says otherwise, and what is asked for then."""

from dataclasses import replace

import pytest

from bot.acceptance import Asking, Refusal, acceptance, accepted
from config.approvals import Approvals
from config.pipeline import (
    AcceptFrom,
    Access,
    Configuration,
    Environment,
    ImageSource,
    Pipeline,
    Received,
    Roles,
    Skippable,
)
from tests.unit.facts import observation

HOME = replace(observation().repository, id=4711, full_name="org/deploy")
FROM = AcceptFrom(repository="org/deploy", pipeline="web", environment="production")
HERE = Received(pipeline="web-app", name="live", path="apps/web", accept_from=FROM)
ENVIRONMENT = Environment(name="production", repository="org/other", path="apps/web", auto=True)
ASKING = Asking(home=HOME, pipeline="web", environment=ENVIRONMENT, there="org/other", default_branch="main")
LINE = "`accept_from: [{repository: org/deploy, pipeline: web, environment: production}]`"


def of(**changed: str) -> AcceptFrom:
    return FROM.model_copy(update=changed)


def here(**changed: object) -> Received:
    return HERE.model_copy(update=changed)


@pytest.mark.parametrize(
    ("asking", "received"),
    [
        pytest.param(ASKING, HERE, id="named, at the same place"),
        pytest.param(ASKING, here(accept_from=of(repository="Org/DEPLOY")), id="names of repositories ignore case"),
        pytest.param(ASKING, here(accept_from=of(repository="4711")), id="named by its number"),
        pytest.param(ASKING, here(branch="main"), id="there the default branch is named"),
        pytest.param(
            replace(ASKING, environment=ENVIRONMENT.model_copy(update={"branch": "main"})),
            HERE,
            id="here the default branch is named",
        ),
    ],
)
def test_an_environment_is_accepted(asking: Asking, received: Received) -> None:
    """By name or number, in exactly the place that it is declared in."""
    declared = Configuration(received=(here(path="apps/else", accept_from=of(pipeline="api")), received))
    assert acceptance(asking, declared) == received


OWN = Pipeline(name="own", images={"web": ImageSource(repository="r.example.com/web")}, environments=())
REMEDY = f"write {LINE} in an environment with `path: apps/web` in .github/caisson.yaml of org/other, on main"


@pytest.mark.parametrize(
    ("declared", "problems", "reason"),
    [
        pytest.param(None, (), f"org/other does not accept this environment: {REMEDY}", id="there is no file"),
        pytest.param(
            Configuration(), (), f"org/other does not accept this environment: {REMEDY}", id="it accepts nothing"
        ),
        pytest.param(
            None,
            ("line 3: no", "line 4: neither"),
            ".github/caisson.yaml of org/other has a mistake, and accepts nothing until it is mended: line 3: no",
            id="the file has a mistake",
        ),
        pytest.param(
            Configuration(received=(here(accept_from=of(pipeline="api")),)),
            (),
            "apps/web on main of org/other is promoted into by api/production of org/deploy; its `accept_from` in "
            f".github/caisson.yaml of org/other would have to be {LINE}",
            id="the place is another pipeline's",
        ),
        pytest.param(
            Configuration(received=(here(accept_from=of(repository="org/deployments")),)),
            (),
            "apps/web on main of org/other is promoted into by web/production of org/deployments; its `accept_from` "
            f"in .github/caisson.yaml of org/other would have to be {LINE}",
            id="the place is another repository's, of a longer name",
        ),
        pytest.param(
            Configuration(received=(here(accept_from=of(repository="471")),)),
            (),
            "apps/web on main of org/other is promoted into by web/production of 471; its `accept_from` in "
            f".github/caisson.yaml of org/other would have to be {LINE}",
            id="another number",
        ),
        pytest.param(
            Configuration(received=(here(path="apps/else"),)),
            (),
            "org/other accepts this environment in apps/else on main, and it is declared in apps/web on main",
            id="another folder",
        ),
        pytest.param(
            Configuration(received=(here(branch="live"),)),
            (),
            "org/other accepts this environment in apps/web on live, and it is declared in apps/web on main",
            id="another branch",
        ),
        pytest.param(
            Configuration(received=(here(path="apps"),)),
            (),
            "org/other accepts this environment in apps on main, and it is declared in apps/web on main",
            id="the folder around it",
        ),
        pytest.param(
            Configuration(
                pipelines=(
                    OWN.model_copy(
                        update={"environments": (Environment(name="live", branch="main", path="apps/web"),)}
                    ),
                )
            ),
            (),
            "org/other promotes into apps/web on main itself, in its environment own/live",
            id="it promotes there itself",
        ),
    ],
)
def test_an_environment_is_refused(declared: Configuration | None, problems: tuple[str, ...], reason: str) -> None:
    """And the sentence says what to write, and in which file."""
    assert acceptance(ASKING, declared, problems) == Refusal(reason=reason)


def test_a_whole_tree_is_named_in_words() -> None:
    """A remedy never says `path:` without a path."""
    asking = replace(ASKING, environment=Environment(name="production", repository="org/other", branch="live"))
    refusal = acceptance(asking, Configuration())
    assert isinstance(refusal, Refusal)
    assert f"write {LINE} in an environment in .github" in refusal.reason


ONE, OTHER = Approvals(count=2), Approvals(users=("olga",))


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        pytest.param(None, None, None, id="neither asks"),
        pytest.param(ONE, None, ONE, id="only ours asks"),
        pytest.param(None, OTHER, OTHER, id="only theirs asks"),
        pytest.param(ONE, OTHER, Approvals(all_of=(ONE, OTHER)), id="both ask, and both count"),
    ],
)
def test_approvals_add_up(ours: Approvals | None, theirs: Approvals | None, both: Approvals | None) -> None:
    """Nothing that either file asks for is lost."""
    environment = ENVIRONMENT.model_copy(update={"approvals": ours})
    pipeline = OWN.model_copy(update={"environments": (environment,)})
    judged = accepted(pipeline, {"production": here(approvals=theirs)}).environment("production")
    assert judged.approvals == both
    assert judged.received_as == "web-app/live"


def test_the_stricter_role_and_the_smaller_list_count() -> None:
    """Whatever the promoting file says, the repository written to does not get less than it asks for."""
    ours = Roles(promote=Access.MAINTAIN, freeze=Access.WRITE)
    theirs = Roles(promote=Access.WRITE, merge=Access.ADMIN, freeze=Access.MAINTAIN)
    environment = ENVIRONMENT.model_copy(update={"roles": ours, "skippable": (Skippable.SOAK, Skippable.CHECKS)})
    pipeline = OWN.model_copy(update={"environments": (environment,)})
    received = here(roles=theirs, skippable=(Skippable.CHECKS, Skippable.WINDOWS))
    judged = accepted(pipeline, {"production": received}).environment("production")
    assert judged.roles == Roles(promote=Access.MAINTAIN, merge=Access.ADMIN, freeze=Access.MAINTAIN)
    assert judged.skippable == (Skippable.CHECKS,)


def test_what_is_not_accepted_is_left_as_it_is() -> None:
    """Environments at home, and those that were refused."""
    pipeline = OWN.model_copy(update={"environments": (ENVIRONMENT,)})
    assert accepted(pipeline, {}) == pipeline
