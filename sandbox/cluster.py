"""A cluster on a laptop: a Kubernetes API server's doors to Argo CD Applications, and what Argo CD would do to them.

List and watch behave as the Kubernetes docs, "API Concepts", say. Argo CD moves only when told (`roll_out`), so that a
test owns every order of events.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Self

from aiohttp import web

from sandbox.applications import Applications, Event, Gone, Json, Key
from sandbox.argocd import HEALTHY, Plan, apply, compare, fare, stale, written

ReadRevision = Callable[[str, str], Awaitable[str | None]]

_API = "/apis/argoproj.io/v1alpha1"


class ClusterServer:
    """Applications behind HTTP on loopback. `now` is the clock of the cluster."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._applications = Applications()
        self._rollouts = Applications()
        # What requests for Rollouts are answered where it is set: 404 without their definition, 403 without the right.
        self.rollouts_refused: int | None = None
        self._plans: dict[Key, Plan] = {}
        self._branches: dict[tuple[str, str], tuple[str | None, datetime]] = {}
        self._away = False
        # By identity: requests are mappings, and have no hash.
        self._watches: dict[int, web.Request] = {}
        self._expired: set[int] = set()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> Self:
        app = web.Application()
        app.router.add_get("/version", self._answer_version)
        app.router.add_get("/api", self._answer_api)
        app.router.add_get("/apis", self._answer_apis)
        app.router.add_get(f"{_API}/applications", self._answer_applications)
        app.router.add_get(f"{_API}/rollouts", self._answer_rollouts)
        app.router.add_get(f"{_API}/namespaces/{{namespace}}/applications", self._answer_applications)
        # A watch never ends by itself soon: stopping does not wait for it.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def stop(self) -> None:
        self._cut_watches()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def resource_version(self) -> int:
        return self._applications.version

    @property
    def away(self) -> bool:
        """While True every request is answered 503; becoming True cuts every watch."""
        return self._away

    @away.setter
    def away(self, away: bool) -> None:
        self._away = away
        if away:
            self._cut_watches()

    def compact(self) -> None:
        """Forget history: a watch from an older version is told 410, in its stream."""
        self._applications.compact()

    def expire_watches(self) -> None:
        """Tell every running watch 410, as a server does whose history has overtaken a slow reader."""
        self._expired |= self._watches.keys()
        self._applications.wake()

    def _cut_watches(self) -> None:
        for request in list(self._watches.values()):
            if request.transport is not None:
                request.transport.abort()
        self._applications.wake()
        self._rollouts.wake()

    # --- what people do ---------------------------------------------------------------------------------------------

    def add_application(
        self,
        name: str,
        *,
        repository_url: str,
        path: str,
        target_revision: str = "HEAD",
        namespace: str = "argocd",
        auto_sync: bool = True,
    ) -> None:
        """An Application as just created: nothing compared, nothing synced."""
        policy = {"automated": {"prune": True, "selfHeal": True}} if auto_sync else {}
        self._plans[namespace, name] = Plan(auto_sync=auto_sync)
        self._applications.store(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "creationTimestamp": written(self._now()),
                    "uid": f"{namespace}-{name}",
                },
                "spec": {
                    "project": "default",
                    "source": {"repoURL": repository_url, "path": path, "targetRevision": target_revision},
                    "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
                    "syncPolicy": policy,
                },
                "status": {},
            }
        )

    def remove_application(self, name: str) -> None:
        key = self._key(name)
        del self._plans[key]
        self._applications.remove(key)

    def degrade(self, name: str, message: str = "") -> None:
        """From now on what is synced is Degraded, until `progress` or `recover`."""
        self._meant(name, ("Degraded", message))

    def break_revision(self, name: str, message: str = "") -> None:
        """What is synced now is Degraded; whatever is synced in its place is Healthy."""
        key = self._key(name)
        self._meant(name, ("Degraded", message), only=self._plans[key].synced)

    def progress(self, name: str) -> None:
        """From now on what is synced is Progressing, until `degrade` or `recover`."""
        self._meant(name, ("Progressing", ""))

    def recover(self, name: str) -> None:
        """From now on what is synced is Healthy."""
        self._meant(name, HEALTHY)

    def sync(self, name: str) -> None:
        """Someone presses Sync: what was last compared is applied."""
        key = self._key(name)
        body = self._body(key)
        apply(body, self._plans[key], body["status"]["sync"]["revision"], now=self._now())
        self._store(key, body)

    def add_rollout(self, name: str, *, application: str, steps: list[Json]) -> None:
        """A Rollout among an Application's resources, in a namespace of the Application's name; fully promoted."""
        metadata = {"name": name, "namespace": application, "generation": 1}
        status: Json = {"phase": "Healthy", "currentStepIndex": len(steps), "observedGeneration": "1"}
        spec = {"strategy": {"canary": {"steps": steps}}}
        self._rollouts.store({"metadata": metadata, "spec": spec, "status": status})
        key = self._key(application)
        body = self._body(key)
        resource = {"group": "argoproj.io", "kind": "Rollout", "namespace": application, "name": name}
        body["status"]["resources"] = [*body["status"].get("resources", []), resource]
        self._store(key, body)

    def step_rollout(self, name: str, *, application: str, **status: object) -> None:
        """What the Rollout's controller writes into its status."""
        body = self._rollouts.get((application, name))
        if body is None:
            raise KeyError(name)
        body["status"] |= status
        self._rollouts.store(body)

    def _meant(self, name: str, fate: tuple[str, str], *, only: str | None = None) -> None:
        key = self._key(name)
        self._plans[key].fate, self._plans[key].only = fate, only
        body = self._body(key)
        fare(body, self._plans[key], now=self._now())
        self._store(key, body)

    # --- what Argo CD does ------------------------------------------------------------------------------------------

    async def roll_out(self, read_revision: ReadRevision) -> bool:
        """What Argo CD would do now: compare each Application with its branch, sync those that follow it by themselves.

        `read_revision` answers the commit at (repository URL, target revision), None where there is none. Whether
        anything changed. An Application is compared when its branch has moved, and at least every three minutes.
        """
        changed = False
        for key, plan in list(self._plans.items()):
            body = self._body(key)
            source = body["spec"]["source"]
            where = (source["repoURL"], source["targetRevision"])
            revision = await read_revision(*where)
            if where not in self._branches or self._branches[where][0] != revision:
                self._branches[where] = (revision, self._now())
            if stale(body, revision, branch_moved=self._branches[where][1], now=self._now()):
                compare(body, plan, revision, now=self._now())
                changed = self._store(key, body) or changed
        return changed

    def _key(self, name: str) -> Key:
        return next(key for key in self._plans if key[1] == name)

    def _body(self, key: Key) -> Json:
        body = self._applications.get(key)
        if body is None:
            raise KeyError(key)
        return body

    def _store(self, key: Key, body: Json) -> bool:
        if body == self._body(key):
            return False
        self._applications.store(body)
        return True

    # --- doors ------------------------------------------------------------------------------------------------------

    async def _answer_version(self, _request: web.Request) -> web.Response:
        return self._unless_away({"major": "1", "minor": "20", "gitVersion": "v1.20.2"})

    async def _answer_api(self, _request: web.Request) -> web.Response:
        return self._unless_away({"kind": "APIVersions", "versions": ["v1"]})

    async def _answer_apis(self, _request: web.Request) -> web.Response:
        version = {"groupVersion": "argoproj.io/v1alpha1", "version": "v1alpha1"}
        group = {"name": "argoproj.io", "versions": [version], "preferredVersion": version}
        return self._unless_away({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]})

    def _unless_away(self, answer: Json) -> web.Response:
        if self._away:
            return web.json_response(_status(503, "ServiceUnavailable", "the server is away"), status=503)
        return web.json_response(answer)

    async def _answer_applications(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self._applications, "ApplicationList")

    async def _answer_rollouts(self, request: web.Request) -> web.StreamResponse:
        if self.rollouts_refused is not None:
            refusal = _status(self.rollouts_refused, "Refused", "refused")
            return web.json_response(refusal, status=self.rollouts_refused)
        return await self._answer(request, self._rollouts, "RolloutList")

    async def _answer(self, request: web.Request, objects: Applications, kind: str) -> web.StreamResponse:
        if self._away or request.query.get("watch") not in ("1", "true", "True"):
            return self._list(request, objects, kind)
        return await self._watch(request, objects)

    def _list(self, request: web.Request, objects: Applications, kind: str) -> web.Response:
        limit = int(request.query.get("limit", "0"))
        namespace = request.match_info.get("namespace")
        try:
            version, items, more = objects.page(namespace, limit=limit, token=request.query.get("continue"))
        except Gone:
            return web.json_response(_EXPIRED, status=410)
        metadata = {"resourceVersion": str(version), **({"continue": more} if more else {})}
        told = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind}
        return self._unless_away({**told, "metadata": metadata, "items": items})

    async def _watch(self, request: web.Request, objects: Applications) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        self._watches[id(request)] = request
        try:
            # A client that has gone, or whose connection was cut, is no error of ours.
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(int(request.query.get("timeoutSeconds", "1800"))):
                    await self._stream(request, response, objects)
        finally:
            self._watches.pop(id(request), None)
            self._expired.discard(id(request))
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse, objects: Applications) -> None:
        version = int(request.query.get("resourceVersion") or objects.version)
        while request.transport is not None and not request.transport.is_closing():
            news = objects.news
            try:
                for event in self._events(request, version, objects):
                    await response.write(event.line)
                    version = event.version
            except Gone:
                await response.write(json.dumps({"type": "ERROR", "object": _EXPIRED}).encode() + b"\n")
                return
            await news.wait()

    def _events(self, request: web.Request, version: int, objects: Applications) -> Iterator[Event]:
        if id(request) in self._expired:
            raise Gone
        return objects.since(version, request.match_info.get("namespace"))


def _status(code: int, reason: str, message: str) -> Json:
    """A Kubernetes `Status`: how every refusal is worded."""
    kind = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return {**kind, "code": code, "reason": reason, "message": message}


_EXPIRED = _status(410, "Expired", "too old resource version")
