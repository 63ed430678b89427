"""The cluster's cache against a real Kubernetes API server: list, watch, deletion, expired history, a restart.

`KUBE_APISERVER_UP` names a script that starts etcd and a kube-apiserver in a directory and prints a kubeconfig.
"""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bot.clock import SystemClock
from bot.cluster import Cluster, connect
from bot.cluster_api import Expired, ObjectsApi
from bot.errors import Transient
from bot.model import Application, Unknown
from bot.rollouts import in_words
from tests.conftest import require

# A server killed in the middle of an answer leaves transports that only the garbage collector closes.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SHOP = "github.com/org/shop"
DOOR = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


def definition(singular: str) -> dict[str, Any]:
    """What Argo's own definitions amount to for us: any content, and no status subresource."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{singular}s.argoproj.io"},
        "spec": {
            "group": "argoproj.io",
            "scope": "Namespaced",
            "names": {"plural": f"{singular}s", "singular": singular, "kind": singular.title()},
            "versions": [
                {
                    "name": "v1alpha1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    }


ROLLOUTS_DOOR = "/apis/argoproj.io/v1alpha1/namespaces/argocd/rollouts"
APPLICATION: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "shop", "namespace": "argocd"},
    "spec": {"source": {"repoURL": "git@github.com:org/shop.git", "path": "apps/shop", "targetRevision": "main"}},
}


class ApiServer:
    """A running API server, the kubeconfig that leads to it, and an administrator's hands."""

    def __init__(self, folder: Path, session: aiohttp.ClientSession) -> None:
        self.kubeconfig = folder / "kubeconfig"
        self._folder = folder
        self._session = session
        self._restarted: asyncio.subprocess.Process | None = None
        self._url = yaml.safe_load(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]

    async def send(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": "Bearer admin", "Content-Type": kind}
        async with self._session.request(method, self._url + path, json=body, headers=headers, ssl=False) as response:
            answer: dict[str, Any] = await response.json()
            assert response.ok, answer
            return answer

    async def define_applications(self) -> None:
        """Return when the server serves Applications, which is a moment after it took the definition."""
        await self.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition("application"))
        name = {"kind": "Namespace", "metadata": {"name": "argocd"}}
        await self.send("POST", "/api/v1/namespaces", name)
        async with asyncio.timeout(30):
            while not await self._serves(DOOR):
                pass

    async def define_rollouts(self) -> None:
        """Return when the server serves Rollouts too."""
        await self.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition("rollout"))
        async with asyncio.timeout(30):
            while not await self._serves(ROLLOUTS_DOOR):
                pass

    async def _serves(self, door: str) -> bool:
        headers = {"Authorization": "Bearer admin"}
        async with self._session.get(self._url + door, headers=headers, ssl=False) as response:
            return response.status == 200

    async def restart(self, *, when_down: asyncio.Event) -> None:
        """Kill the server; start it again, on its port and data, once `when_down` is set."""
        pid = int((self._folder / "apiserver.pid").read_text())
        command = _command(pid)
        os.kill(pid, signal.SIGKILL)
        await when_down.wait()
        with (self._folder / "apiserver.log").open("ab") as log:
            self._restarted = await asyncio.create_subprocess_exec(*command, cwd=self._folder, stdout=log, stderr=log)

    async def stop(self) -> None:
        if self._restarted is not None:
            self._restarted.kill()
            await self._restarted.wait()
        for name in ("apiserver", "etcd"):
            with suppress(ProcessLookupError):
                os.kill(int((self._folder / f"{name}.pid").read_text()), signal.SIGKILL)


def _command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]


@asynccontextmanager
async def running(script: str, folder: Path) -> AsyncIterator[ApiServer]:
    up = await asyncio.create_subprocess_exec(script, str(folder), stdout=asyncio.subprocess.PIPE)
    await up.communicate()
    assert up.returncode == 0
    async with aiohttp.ClientSession() as session:
        server = ApiServer(folder, session)
        try:
            await server.define_applications()
            yield server
        finally:
            await server.stop()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    require("etcd")
    async with running(require("KUBE_APISERVER_UP"), tmp_path) as found:
        yield found


@asynccontextmanager
async def watched(kubeconfig: Path) -> AsyncIterator[tuple[Cluster, asyncio.Queue[frozenset[str]]]]:
    told: asyncio.Queue[frozenset[str]] = asyncio.Queue()
    cluster = Cluster(await connect(str(kubeconfig), "admin"), SystemClock(), changed=told.put)
    task = asyncio.create_task(cluster.run())
    try:
        async with asyncio.timeout(60):
            yield cluster, told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await cluster.close()
        # What was left open is told of here, and not in whichever test the garbage is found.
        gc.collect()


def only(cluster: Cluster) -> Application:
    found = cluster.applications(SHOP)
    assert not isinstance(found, Unknown), found.reason
    assert len(found) == 1
    return found[0]


async def test_the_life_of_an_application_is_followed(server: ApiServer) -> None:
    """Created before the first list, changed, deleted: each is seen by the cache and told to whom it concerns."""
    made = await server.send("POST", DOOR, APPLICATION)
    async with watched(server.kubeconfig) as (cluster, told):
        await cluster.caught_up(made["metadata"]["resourceVersion"])
        assert (only(cluster).name, only(cluster).health) == ("shop", "Unknown")
        assert await told.get() == frozenset({SHOP})

        status = {"sync": {"status": "Synced", "revision": "a" * 40}, "health": {"status": "Healthy"}}
        changed = await server.send("PATCH", f"{DOOR}/shop", {"status": status})
        await cluster.caught_up(changed["metadata"]["resourceVersion"])
        assert (only(cluster).sync, only(cluster).health) == ("Synced", "Healthy")
        assert await told.get() == frozenset({SHOP})

        await server.send("DELETE", f"{DOOR}/shop")
        assert await told.get() == frozenset({SHOP})
        assert cluster.applications(SHOP) == ()


async def test_a_version_that_is_too_old_is_told_apart(server: ApiServer) -> None:
    """A real server's way of saying that history is gone (410) is understood as a reason to list again."""
    client = await connect(str(server.kubeconfig), "admin")
    api = ObjectsApi(client, namespace=None, plural="applications")
    try:
        with pytest.raises(Expired):
            async for _ in api.watch("1"):
                pass
    finally:
        await client.rest_client.close()


async def test_a_restart_is_survived_and_unknown_meanwhile(server: ApiServer) -> None:
    """While the server is down nothing is answered from memory; once it is back all is known again."""
    made = await server.send("POST", DOOR, APPLICATION)
    async with watched(server.kubeconfig) as (cluster, told):
        await cluster.caught_up(made["metadata"]["resourceVersion"])
        assert await told.get() == frozenset({SHOP})
        down = asyncio.Event()
        restart = asyncio.create_task(server.restart(when_down=down))
        await cluster.lost()
        assert isinstance(cluster.applications(SHOP), Unknown)
        assert await told.get() == frozenset({SHOP})
        down.set()
        await restart
        assert await told.get() == frozenset({SHOP})
        assert only(cluster).name == "shop"


async def test_a_user_without_rights_is_told_so(server: ApiServer) -> None:
    """A refusal (403) is unknown, with the answer in words; it is not an empty cluster."""

    async def nobody(_repositories: frozenset[str]) -> None:
        raise AssertionError

    cluster = Cluster(await connect(str(server.kubeconfig), "caisson"), SystemClock(), changed=nobody)
    try:
        with pytest.raises(Transient, match="403"):
            await cluster.relist()
        found = cluster.applications(SHOP)
        assert isinstance(found, Unknown)
        assert "403" in found.reason
    finally:
        await cluster.close()


async def test_a_rollout_is_followed_once_it_is_there(server: ApiServer) -> None:
    """Without the definition of Rollouts an Application's is unknown; with it each step is seen and told."""
    here = {"server": "https://kubernetes.default.svc"}
    resource = {"group": "argoproj.io", "kind": "Rollout", "namespace": "argocd", "name": "web"}
    status = {"resources": [resource]}
    spec = {**APPLICATION["spec"], "destination": here}
    made = await server.send("POST", DOOR, {**APPLICATION, "spec": spec, "status": status})
    async with watched(server.kubeconfig) as (cluster, told):
        await cluster.caught_up(made["metadata"]["resourceVersion"])
        await _until(cluster, told, "web: its Rollout cannot be read: it answered 404")
        await server.define_rollouts()
        strategy = {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}}
        rollout = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": {"name": "web", "namespace": "argocd"},
            "spec": {"strategy": strategy},
            "status": {"phase": "Progressing", "currentStepIndex": 0},
        }
        await server.send("POST", ROLLOUTS_DOOR, rollout)
        await _until(cluster, told, "web: step 1 of 2, weight 20 %, Progressing")
        paused = {"phase": "Paused", "currentStepIndex": 1}
        await server.send("PATCH", f"{ROLLOUTS_DOOR}/web", {"status": paused})
        await _until(cluster, told, "web: step 2 of 2, weight 20 %, paused until resumed")


async def _until(cluster: Cluster, told: asyncio.Queue[frozenset[str]], said: str) -> None:
    """Wait for what is told until the one Rollout says this."""
    while said not in "; ".join(
        one.reason if isinstance(one, Unknown) else in_words(one) for one in only(cluster).rollouts
    ):
        assert await told.get() == frozenset({SHOP})
