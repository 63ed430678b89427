"""One name for a repository, however its URL is written: Argo CD, Git and GitHub each have their own habits. No I/O."""

import re
from urllib.parse import urlsplit

# git's scp-like form `[user@]host:path`, which has no scheme and no slash before its colon (git-clone(1), "GIT URLS").
_SCP = re.compile(r"^(?:[^@/:]+@)?(?P<host>\[[^\]]+\]|[^/:@]+):(?P<path>[^:].*)$")
# Ports that say nothing about which server is meant; any other is a different server.
_USUAL_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}


def normalise_repository_url(url: str) -> str:
    """`host/owner/name` in lower case, from an https, ssh, git or scp-like URL; what is no URL comes back trimmed."""
    text = url.strip()
    if "://" in text:
        host, path = _split(text)
    elif scp := _SCP.match(text):
        host, path = scp["host"], scp["path"]
    else:
        host, path = "", text
    path = re.sub(r"/{2,}", "/", path).strip("/")
    path = path.removesuffix(".git").rstrip("/") if path.lower() != ".git" else path
    return "/".join(part for part in (_alias(host.lower()), path.lower()) if part)


def _split(url: str) -> tuple[str, str]:
    """Host and path of a URL with a scheme; credentials, query and a usual port dropped. Nonsense has no host."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "", url
    # `git+ssh` and `ssh+git` are old spellings of ssh.
    scheme = "ssh" if "ssh" in parts.scheme else parts.scheme
    if port is not None and port != _USUAL_PORTS.get(scheme):
        # GitHub answers ssh on 443 too, under its own host name, which `_alias` knows.
        return (host if host == "ssh.github.com" else f"{host}:{port}"), parts.path
    return host, parts.path


def _alias(host: str) -> str:
    """GitHub's other names: `ssh.github.com` (GitHub Docs, "Using SSH over the HTTPS port"), `www.` for browsers."""
    return "github.com" if host in ("ssh.github.com", "www.github.com") else host
