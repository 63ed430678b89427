"""Client and reader against the sandbox's GitHub: what our App wrote is read back as ours, others' work is not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot.github.client import GitHubApp, RepositoryClient
from bot.github.documents import Place as Where
from bot.github.documents import repository_query
from bot.github.read import read_place, read_repository
from bot.model import How, Place, RecordState, Repository
from bot.release_record import Payload, payload_to_json
from sandbox.github import access, refs
from sandbox.github.server import GitHubServer
from sandbox.github.state import GitHub
from tests.unit.github_answers import RELEASE
from tests.unit.small_github import Manual

MANIFEST = Path(__file__).parents[2] / "app.yml"
WHERE = Where(branch="main", folder="app", head="caisson/shop/staging", record="shop/staging")
AT = "/repos/org/shop"


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """The sandbox's GitHub, our App in it, and its address for people."""

    app: GitHubApp
    client: RepositoryClient
    session: aiohttp.ClientSession
    url: str
    start: str

    async def as_alice(self, path: str, body: dict[str, object]) -> None:
        headers = {"Authorization": "Bearer user:alice"}
        async with self.session.post(self.url + path, json=body, headers=headers) as answer:
            answer.raise_for_status()

    async def look(self) -> tuple[Repository, Place]:
        query, variables = repository_query((WHERE,))
        data = await self.client.graphql(query, {**variables, "owner": "org", "name": "shop"})
        identity = await self.app.identity()
        repository = read_repository(data, identity=identity)
        return repository, read_place(data, 0, WHERE, identity=identity, repository=repository)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """One App installed on org/shop, where alice writes."""
    clock = Manual()
    github = GitHub(tmp_path, clock.now)
    app = access.register_app(github, "caisson", MANIFEST, webhook_secret="s3cret")
    repository = github.add_repository("org/shop")
    alice = github.add_user("alice")
    repository.collaborators |= {"alice": "write"}
    files = {"app/version": "1\n", ".github/caisson.yaml": "version: 1\n"}
    start = refs.commit(github, repository, "main", files, "Begin", by=alice)
    installation = access.install(github, app, repository)
    server = GitHubServer(github)
    await server.start()
    async with aiohttp.ClientSession() as session:
        ours = GitHubApp(session, clock, app_id=app.id, private_key_pem=app.private_key.encode(), url=server.url)
        assert await ours.installations() == (installation.id,)
        assert await ours.repositories(installation.id) == ((repository.id, "org/shop"),)
        client = ours.repository(installation.id, repository.id)
        yield Sandbox(app=ours, client=client, session=session, url=server.url, start=str(start))
    await server.stop()


async def test_a_proposal_of_ours_is_read_back_as_ours(sandbox: Sandbox) -> None:
    """Commit, pull request and files; the base with its configuration."""
    entries = [{"path": "app/version", "mode": "100644", "type": "blob", "content": "2\n"}]
    tree = await sandbox.client.post(f"{AT}/git/trees", {"base_tree": sandbox.start, "tree": entries})
    body = {"message": "Promote", "tree": tree["sha"], "parents": [sandbox.start]}
    head = (await sandbox.client.post(f"{AT}/git/commits", body))["sha"]
    await sandbox.client.post(f"{AT}/git/refs", {"ref": f"refs/heads/{WHERE.head}", "sha": head})
    await sandbox.client.post(f"{AT}/pulls", {"title": "Promote", "head": WHERE.head, "base": "main", "body": ""})
    run = {"name": "caisson/gates", "head_sha": head, "status": "in_progress"}
    await sandbox.client.post(f"{AT}/check-runs", run)
    repository, place = await sandbox.look()
    assert (repository.config.text, repository.config.commit) == ("version: 1\n", sandbox.start)
    assert place.base is not None
    assert [(file.path, file.text) for file in place.base.files] == [("app/version", "1\n")]
    assert place.head is not None
    assert (place.head.sha, place.head.by_us) == (head, True)
    assert place.pull is not None
    assert (place.pull.by_us, place.pull.complete, place.pull.changed) == (True, True, frozenset({"app/version"}))
    assert [check.name for check in place.pull.checks] == ["caisson/gates"]
    assert set(place.head_files) == {"app/version"}


async def test_of_the_statuses_of_our_record_only_ours_count(sandbox: Sandbox) -> None:
    """Alice may add a success to our deployment; it changes nothing."""
    payload = payload_to_json(Payload(release=RELEASE, how=How.ADOPTED, pull_request=None, note=""))
    body: dict[str, object] = {"ref": sandbox.start, "environment": WHERE.record, "payload": payload}
    body |= {"auto_merge": False, "required_contexts": []}
    made = await sandbox.client.post(f"{AT}/deployments", body)
    path = f"{AT}/deployments/{made['id']}/statuses"
    for state in ("in_progress", "failure"):
        await sandbox.client.post(path, {"state": state, "auto_inactive": False})
    await sandbox.as_alice(path, {"state": "success"})
    await sandbox.as_alice(f"{AT}/deployments", body)
    _, place = await sandbox.look()
    assert [record.release for record in place.records] == [RELEASE]
    assert [one.state for one in place.records[0].statuses] == [RecordState.WATCHING, RecordState.DEGRADED]
