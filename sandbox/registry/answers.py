"""What the pull side of the OCI distribution API answers, from a repository's shelf. No I/O.

OCI distribution spec 1.1, "Pull" and "Content Discovery".
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from sandbox.registry.artifacts import INDEX_TYPE, Content, digest_of, index
from sandbox.registry.shelf import Shelf

VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


def split(path: str) -> tuple[str, str, str]:
    """`v2/<name>/<verb>/<last>`; the name itself may hold slashes."""
    parts = path.split("/")
    whole = parts[0] == "v2" and len(parts) > len(("v2", "name", "verb"))
    return ("/".join(parts[1:-2]), parts[-2], parts[-1]) if whole else ("", "", "")


def manifest(request: web.Request, shelf: Shelf, reference: str, *, etags: bool) -> web.Response:
    """By tag or digest. As CNCF Distribution: a kind that the client does not accept is as good as absent."""
    found = shelf.find(reference)
    if found is None or not _accepts(request, found.media_type):
        return refusal(HTTPStatus.NOT_FOUND, "MANIFEST_UNKNOWN")
    return _content(request, found, found.media_type, etags=etags)


def blob(request: web.Request, shelf: Shelf, digest: str, *, etags: bool) -> web.Response:
    found = shelf.blobs.get(digest)
    if found is None:
        return refusal(HTTPStatus.NOT_FOUND, "BLOB_UNKNOWN")
    return _content(request, found, "application/octet-stream", etags=etags)


def tags(request: web.Request, name: str, shelf: Shelf, *, page: int, loop: bool, etags: bool) -> web.Response:
    """In lexical order, after `last`, at most `n`, with a Link to the rest; `loop`: the Link leads back here."""
    asked = request.query.get("n", "")
    most = min(int(asked), page) if asked.isdigit() else page
    rest = [tag for tag in sorted(shelf.tags) if tag > request.query.get("last", "")]
    shown = rest[:most]
    headers = dict(VERSION)
    if len(rest) > len(shown) and shown:
        following = request.url.with_query(n=most, last=shown[-1])
        headers["Link"] = f'<{following.raw_path_qs}>; rel="next"'
    if loop:
        headers["Link"] = f'<{request.url.raw_path_qs}>; rel="next"'
    body = json.dumps({"name": name, "tags": shown}).encode()
    return _tagged(request, body, {**headers, "Content-Type": "application/json"}, etags=etags)


def referrers(request: web.Request, shelf: Shelf, digest: str) -> web.Response:
    """An index of what refers to the digest, empty where nothing does; filtered by `artifactType`, and saying so."""
    found = shelf.referrers(digest)
    headers = {**VERSION, "Content-Type": INDEX_TYPE}
    wanted = request.query.get("artifactType")
    if wanted is not None:
        found = [one for one in found if one["artifactType"] == wanted]
        headers["OCI-Filters-Applied"] = "artifactType"
    return web.Response(body=index(found).body, headers=headers)


def rubbish() -> web.Response:
    """A page for people, as from a proxy that took over."""
    return web.Response(text="<html><body>Welcome!</body></html>", content_type="text/html")


def huge() -> web.Response:
    """More than anybody should read: 32 MiB of what might have become JSON."""
    return web.Response(body=b'{"tags": ["' + b"1" * (32 * 1024 * 1024), content_type="application/json")


def refusal(status: HTTPStatus, code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"errors": [{"code": code, "message": status.phrase.lower(), "detail": None}]}
    return web.json_response(body, status=status, headers={**VERSION, **(headers or {})})


def _accepts(request: web.Request, media_type: str) -> bool:
    accepted = {one.partition(";")[0].strip() for one in ",".join(request.headers.getall("Accept", [])).split(",")}
    return media_type in accepted or "*/*" in accepted or accepted == {""}


def _content(request: web.Request, found: Content, media_type: str, *, etags: bool) -> web.Response:
    headers = {"Docker-Content-Digest": found.digest, "Content-Type": media_type, **VERSION}
    return _tagged(request, found.body, headers, etags=etags)


def _tagged(request: web.Request, body: bytes, headers: Mapping[str, str], *, etags: bool) -> web.Response:
    """With an ETag where the registry has them, and then nothing again to whom knows it (RFC 9110 section 13.1.2)."""
    if not etags:
        return web.Response(body=body, headers=headers)
    tag = f'"{digest_of(body)}"'
    told = {**headers, "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=told)
    return web.Response(body=body, headers=told)
