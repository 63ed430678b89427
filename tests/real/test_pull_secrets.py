"""Pull secrets read from a real Kubernetes API server."""

import base64
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.cluster import connect
from bot.credentials.port import Credentials
from bot.credentials.pull_secrets import KubernetesSecrets, PullSecrets
from bot.errors import Permanent
from tests.clock import ManualClock
from tests.conftest import require
from tests.real.test_kube_apiserver import running

CONFIG = b'{"auths": {"https://index.docker.io/v1/": {"auth": "YW5uOnMzY3JldA=="}}}'


@pytest.mark.real
async def test_a_pull_secret_is_read_as_the_cluster_keeps_it(tmp_path: Path) -> None:
    """One of the right type gives its logins; another type, and one that is not there, are said to be so."""
    require("etcd")
    async with running(require("KUBE_APISERVER_UP"), tmp_path) as server, AsyncExitStack() as stack:
        pull = {
            "kind": "Secret",
            "metadata": {"name": "pull"},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": base64.b64encode(CONFIG).decode()},
        }
        await server.send("POST", "/api/v1/namespaces/argocd/secrets", pull)
        other = {"kind": "Secret", "metadata": {"name": "other"}, "stringData": {".dockerconfigjson": "{}"}}
        await server.send("POST", "/api/v1/namespaces/argocd/secrets", other)
        client = await connect(str(server.kubeconfig), "admin")
        stack.push_async_callback(client.close)
        reader = KubernetesSecrets(client)

        assert await reader.get("argocd", "pull") == CONFIG
        assert await reader.get("argocd", "none") is None
        with pytest.raises(Permanent, match="is of type Opaque"):
            await reader.get("argocd", "other")
        source = PullSecrets(reader, ManualClock(), names=(("argocd", "pull"),))
        assert await source.for_("docker.io", "library/nginx") == Credentials(username="ann", secret="s3cret")
