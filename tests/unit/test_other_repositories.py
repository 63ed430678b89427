"""Other repositories found by name and held to their number, whatever their names lead to by now."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.errors import CaissonError, Permanent, Transient
from bot.github.client import GitHubApp, RepositoryClient
from bot.known import Known, Layout
from bot.layouts import Wanting
from bot.model import Repository
from bot.observe import GitHubFacts
from bot.other_repositories import OtherRepositories, Others
from bot.store.sqlite import SQLiteStore
from config.pipeline import AcceptFrom, Configuration, Environment, ImageSource, Pipeline, Received
from tests.unit.facts import observation, place
from tests.unit.small_github import Manual

PEM = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
HOME = observation().repository
THERE = replace(HOME, id=20, node="R20", full_name="org/other")
KEY = ("web", "production")
LIVE = Environment(name="production", repository="Org/Other", path="apps/web")
DECLARED = Configuration(
    pipelines=(Pipeline(name="web", images={"web": ImageSource(repository="r.example.com/web")}, environments=(LIVE,)),)
)
ACCEPTING = Configuration(
    received=(
        Received(
            pipeline="apps",
            name="live",
            path="apps/web",
            accept_from=AcceptFrom(repository="org/deploy", pipeline="web", environment="production"),
        ),
    )
)


@dataclass(kw_only=True)
class Bench:
    """GitHub as it answers: `there`, its file, or an error. `lists`: how often the installation was listed."""

    known: Known
    app: GitHubApp
    there: Repository = THERE
    file: Configuration | None = ACCEPTING
    error: CaissonError | None = None
    lists: list[int] = field(default_factory=list)
    read: list[tuple[str, str, RepositoryClient]] = field(default_factory=list)

    async def look(self) -> Others:
        others = OtherRepositories(self.app, self.known, read_one=self._read, list_all=self._list)
        return await others.read("repository:1:1", 1, HOME, DECLARED)

    async def _list(self, installation: int) -> None:
        self.lists.append(installation)
        self.known.listed.add(installation)
        self.known.call(installation, self.there.id, self.there.full_name)

    async def _read(
        self, key: str, client: RepositoryClient, full_name: str, wanting: Wanting
    ) -> tuple[GitHubFacts, Layout]:
        self.read.append((key, full_name, client))
        if self.error is not None:
            raise self.error
        layout = Layout(
            config_oid=None,
            full_name=self.there.full_name,
            default_branch=self.there.default_branch,
            configuration=self.file,
        )
        places = dict.fromkeys(wanting(layout)[0], place(LIVE))
        return GitHubFacts(repository=self.there, places=places, keys={}), layout


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Installation 1 with the home repository and one other."""
    async with aiohttp.ClientSession() as session:
        app = GitHubApp(session, Manual(), app_id=42, private_key_pem=PEM)
        store = await SQLiteStore.open(":memory:")
        yield Bench(known=Known(store=store), app=app)
        await store.close()


def refusal(others: Others) -> str:
    there = others.places[KEY].elsewhere
    assert there is not None
    return there.refusal


async def test_an_accepted_place_is_read_under_the_name_that_it_has_there(bench: Bench) -> None:
    """And whoever promotes is told of that repository's news from then on. The installation is listed once."""
    others = await bench.look()
    assert refusal(others) == ""
    (environment,) = others.accepted(DECLARED.pipelines[0]).environments
    assert environment.received_as == "apps/live"
    assert list(others.written) == ["org/other"]
    assert bench.read == [("repository:1:20", "org/other", bench.app.repository(1, 20, beside=HOME.id))]
    assert bench.known.concerned(["repository:1:20"]) == {"repository:1:1", "repository:1:20"}
    await bench.look()
    assert bench.lists == [1]


async def test_of_a_place_that_is_not_accepted_nothing_is_read(bench: Bench) -> None:
    """Its own file alone is."""
    bench.file = Configuration()
    others = await bench.look()
    assert "does not accept this environment" in refusal(others)
    assert others.places[KEY].base is None
    assert others.accepted(DECLARED.pipelines[0]) == DECLARED.pipelines[0]
    assert bench.known.concerned(["repository:1:20"]) == {"repository:1:1", "repository:1:20"}


async def test_a_name_that_leads_on_to_a_renamed_repository_waits(bench: Bench) -> None:
    """GitHub follows an old name; it is free, though, and may be somebody else's tomorrow."""
    await bench.look()
    bench.there = replace(THERE, full_name="org/renamed")
    for _ in range(2):
        assert refusal(await bench.look()) == "Org/Other is called org/renamed now: write `repository: org/renamed`"


async def test_a_name_that_another_repository_took_is_not_believed(bench: Bench) -> None:
    """Its number is another. The list is read anew, and what has the name then is asked."""
    await bench.look()
    bench.there = replace(THERE, id=30)
    others = await bench.look()
    assert (dict(others.places), dict(others.written)) == ({}, {})
    assert others.unread == {"web": "org/other is another repository than it was"}
    assert isinstance(others.failure, Transient)
    assert refusal(await bench.look()) == ""
    assert bench.lists == [1, 1]


async def test_what_cannot_be_read_for_a_moment_holds_the_whole_pipeline(bench: Bench) -> None:
    """Not knowing one environment, the others would be judged on half of the facts."""
    bench.error = Transient("GitHub is away")
    others = await bench.look()
    assert dict(others.places) == {}
    assert others.unread == {"web": "org/other could not be read: GitHub is away"}
    assert others.failure is bench.error


async def test_what_is_refused_until_somebody_acts_waits_with_the_reason(bench: Bench) -> None:
    """It stops its own environment only, and is not tried again and again."""
    bench.error = Permanent("org/other has no default branch yet: push a first commit")
    others = await bench.look()
    assert refusal(others) == "org/other cannot be read: org/other has no default branch yet: push a first commit"
    assert (dict(others.unread), others.failure) == ({}, None)


async def test_the_repository_itself_under_a_name_it_had_is_no_other(bench: Bench) -> None:
    """A pipeline's own repository needs no acceptance, and no name."""
    bench.there = replace(HOME, id=1, full_name="org/other")
    assert refusal(await bench.look()) == "Org/Other is this repository: leave `repository` out"
    assert bench.read == []
