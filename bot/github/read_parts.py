"""GitHub's people, commits, files and checks as facts. No I/O.

Here it is established what is ours: never by login or name, always by database id; for commits by GitHub's signature.
"""

from collections.abc import Iterator, Mapping

from bot.github.identity import AppIdentity
from bot.github.shape import Node
from bot.model import Actor, ActorKind, Check, CheckStatus, Commit, File, ForeignCheck, Sha

GHOST = Actor("ghost", 0, ActorKind.OTHER)

_REGULAR = (0o100644, 0o100755)
FOLDER = 0o040000
_STATUSES = {one.value: one for one in CheckStatus}


def actor(who: Node | None) -> Actor:
    """Null is how GitHub names people who are gone."""
    if who is None:
        return GHOST
    kind = {"User": ActorKind.USER, "Bot": ActorKind.BOT}.get(who.text("__typename"), ActorKind.OTHER)
    return Actor(who.text("login"), who.number("databaseId") if kind is not ActorKind.OTHER else 0, kind)


def is_ours(who: Actor, identity: AppIdentity) -> bool:
    """A user may hold our login; nobody else has our bot's id."""
    return who.kind is ActorKind.BOT and who.id == identity.bot_id


def commit(node: Node, identity: AppIdentity | None) -> Commit:
    """A commit; without an identity it is not established whether it is ours, and so it counts as somebody's."""
    author = node.maybe_node("author")
    signature = node.maybe_node("signature")
    email = (author.maybe_text("email") if author else None) or ""
    user = author.maybe_node("user") if author else None
    # Anybody may write our address into a commit; only for us does GitHub sign it.
    signed = signature is not None and signature.flag("isValid") and signature.flag("wasSignedByGitHub")
    return Commit(
        sha=node.sha("oid"),
        tree=node.node("tree").sha("oid"),
        parents=tuple(parent.sha("oid") for parent in node.node("parents").nodes()),
        message=node.text("message"),
        author=(author.maybe_text("name") if author else None) or "",
        author_email=email,
        author_login=user.text("login") if user else None,
        committed=node.moment("committedDate"),
        by_us=signed and identity is not None and email == identity.email,
    )


def checks(rollup: Node | None, identity: AppIdentity) -> tuple[Check, ...]:
    """Our check runs among a commit's contexts. Names and external ids prove nothing: the suite's App does."""
    if rollup is None:
        return ()
    sha = rollup.node("commit").sha("oid")
    return tuple(_check(run, sha) for run in _runs(rollup) if _app(run) == identity.app_id)


def foreign_checks(rollup: Node | None, identity: AppIdentity) -> tuple[ForeignCheck, ...]:
    """The check runs of other Apps among a commit's contexts. Commit statuses, which anybody may set, are none."""
    if rollup is None:
        return ()
    sha = rollup.node("commit").sha("oid")
    return tuple(_foreign_check(run, sha) for run in _runs(rollup) if _app(run) != identity.app_id)


def _runs(rollup: Node) -> tuple[Node, ...]:
    return tuple(one for one in rollup.node("contexts").nodes() if one.text("__typename") == "CheckRun")


def more_checks(rollup: Node | None) -> bool:
    """Whether there are contexts that were not read."""
    return rollup is not None and rollup.node("contexts").more("hasNextPage")


def _app(run: Node) -> int | None:
    suite = run.maybe_node("checkSuite")
    app = suite.maybe_node("app") if suite else None
    return app.number("databaseId") if app and app.value("databaseId") is not None else None


def _check(run: Node, sha: Sha) -> Check:
    return Check(
        id=run.text("id"),
        name=run.text("name"),
        commit=sha,
        status=_STATUSES.get(run.text("status"), CheckStatus.OTHER),
        conclusion=run.maybe_text("conclusion"),
        external_id=run.maybe_text("externalId") or "",
        started=run.maybe_moment("startedAt"),
        title=run.maybe_text("title") or "",
    )


def _foreign_check(run: Node, sha: Sha) -> ForeignCheck:
    suite = run.node("checkSuite")
    app = suite.maybe_node("app")
    return ForeignCheck(
        name=run.text("name"),
        commit=sha,
        app=_app(run),
        slug=app.text("slug") if app else None,
        suite=suite.text("id"),
        status=_STATUSES.get(run.text("status"), CheckStatus.OTHER),
        conclusion=run.maybe_text("conclusion"),
        started=run.maybe_moment("startedAt"),
    )


def file(entry: Node, path: str) -> File:
    """One tree entry, under its path from the root. Links, folders and submodules have no text of their own."""
    mode = entry.number("mode")
    blob = entry.maybe_node("object")
    return File(path=path, oid=entry.sha("oid"), mode=mode, text=_text(blob) if blob and mode in _REGULAR else None)


def _text(blob: Node) -> str | None:
    # For what is no blob GitHub answers an empty object; isBinary is null where it could not tell.
    if "text" not in blob.fields or blob.flag("isTruncated") or blob.value("isBinary") is True:
        return None
    return blob.maybe_text("text")


def files(folder: Node, path: str, *, depth: int) -> tuple[File, ...]:
    """Every entry of a folder, sub-folders themselves included, and `depth` - 1 levels further down.

    Paths are from the root. They are put together from names, which are certain: `path` GitHub fills in with or without
    the folders above, depending on how it was asked.
    """
    found: list[File] = []
    for entry in folder.nodes("entries"):
        one = file(entry, below(path, entry.text("name")))
        found.append(one)
        if one.mode == FOLDER and depth > 1:
            found += files(entry.node("object"), one.path, depth=depth - 1)
    return tuple(found)


def folder_blobs(commit_node: Node | None, folder: str) -> Mapping[str, Sha]:
    """Path from the root → object id, for all that was read of an environment's folder as one commit has it."""
    found = commit_node.maybe_node("folder") if commit_node else None
    tree = found.maybe_node("object") if found and folder else found
    return dict(_blobs(tree, folder))


def folder_tree(commit_node: Node | None, folder: str) -> Sha | None:
    """The tree of an environment's folder as one commit has it; None where there is no such folder."""
    if commit_node is None or not folder:
        return commit_node.node("tree").sha("oid") if commit_node else None
    found = commit_node.maybe_node("folder")
    tree = found.maybe_node("object") if found else None
    return found.sha("oid") if found and tree and "entries" in tree.fields else None


def _blobs(tree: Node | None, folder: str) -> Iterator[tuple[str, Sha]]:
    # For what is no folder GitHub answers an empty object, as it does below the last level that was asked for.
    if tree is None or "entries" not in tree.fields or tree.value("entries") is None:
        return
    for entry in tree.nodes("entries"):
        path = below(folder, entry.text("name"))
        yield path, entry.sha("oid")
        if "object" in entry.fields:
            yield from _blobs(entry.maybe_node("object"), path)


def below(folder: str, name: str) -> str:
    """The path from the root of what lies in a folder; "" is the root."""
    return f"{folder}/{name}" if folder else name
