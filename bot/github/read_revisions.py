"""The revisions of the configuration file, newest first, and whether each came with its approvals. No I/O."""

from collections.abc import Mapping

from bot.github.shape import Node
from bot.messages import GATES
from bot.model import Revision


def read_revisions(data: Mapping[str, object]) -> tuple[Revision, ...]:
    """At most 20; none where the repository has no commit."""
    branch = Node(data, "data").node("repository").maybe_node("defaultBranchRef")
    if branch is None:
        return ()
    return tuple(_revision(one) for one in branch.node("target").node("history").nodes())


def _revision(node: Node) -> Revision:
    entry = node.maybe_node("file")
    blob = entry.maybe_node("object") if entry else None
    pulls = node.maybe_node("associatedPullRequests")
    return Revision(
        commit=node.sha("oid"),
        text=blob.maybe_text("text") if blob and "text" in blob.fields else None,
        approved=any(_brought(one, entry) for one in (pulls.nodes() if pulls else ())),
    )


def _brought(pull: Node, entry: Node | None) -> bool:
    """Whether it was merged with our success on the head, which held this very file."""
    last = [one.node("commit") for one in pull.node("latest").nodes()]
    if pull.maybe_moment("mergedAt") is None or not last or last[-1].sha("oid") != pull.sha("headRefOid"):
        return False
    there = last[-1].maybe_node("file")
    same = (there.text("oid") if there else None) == (entry.text("oid") if entry else None)
    suites = last[-1].maybe_node("checkSuites")
    runs = [suite.maybe_node("checkRuns") for suite in suites.nodes()] if suites else []
    passed = any(
        run.text("name") == GATES and run.maybe_text("conclusion") == "SUCCESS"
        for found in runs
        if found
        for run in found.nodes()
    )
    return same and passed
