"""Open pull requests into a branch, whoever opened them: the list of a pass, and what the head of each brings. No I/O.

Of what people said only opinions are read: reviews that approve, ask for changes or were dismissed. A pull request from
a fork is like any other here: its head can be had in this repository (`refs/pull/N/head`), so our check run stands on
it (https://docs.github.com/en/rest/checks/runs).
"""

from collections.abc import Mapping, Sequence

from bot.errors import Transient
from bot.github.documents import CONFIG_PATH
from bot.github.identity import AppIdentity
from bot.github.read_parts import actor, check, commit, file, is_ours
from bot.github.read_pulls import STATES, labelling
from bot.github.shape import Node, unexpected
from bot.model import Brought, Check, OpenPulls, PullRequest, Review, Sha, Unknown

# A page of REST's list of files, and how many files are read at most: a stranger's pull request may have any number.
FILES_A_PAGE = 100
MOST_FILES = 1_000
# GraphQL names a hundred files, and not where a renamed file was before: `read_files` does.
UNTOLD = Unknown("its files have not been read")


def read_open(data: Mapping[str, object], branches: Sequence[str], *, identity: AppIdentity) -> OpenPulls:
    """What the query listed for these branches, in their order."""
    repository = Node(data, "data").node("repository")
    listed = {branch: repository.node(f"into{i}") for i, branch in enumerate(branches)}
    return OpenPulls(
        into={
            branch: tuple(_opened(one, identity) for one in page.nodes() if _shows_head(one))
            for branch, page in listed.items()
        },
        after={
            branch: page.node("pageInfo").text("endCursor")
            for branch, page in listed.items()
            if page.more("hasNextPage")
        },
    )


def _shows_head(node: Node) -> bool:
    """Whether its commits are listed as far as its head: else our checks on it cannot be seen, nor be written once."""
    return any(one.node("commit").sha("oid") == node.sha("headRefOid") for one in node.node("latest").nodes())


def _opened(node: Node, identity: AppIdentity) -> PullRequest:
    """As much of a pull request as is listed; what it brings is read apart."""
    who, head = actor(node.maybe_node("author")), node.sha("headRefOid")
    reviews = node.maybe_node("reviews")
    said = [_review(one) for one in reviews.nodes()] if reviews else []
    labelled = [labelling(one, identity) for one in node.node("labelling").nodes()]
    lists = [one for one in (reviews, node.node("labelling")) if one]
    labels = node.maybe_node("labels")
    return PullRequest(
        id=node.text("id"),
        number=node.number("number"),
        title="",
        body="",
        author=who,
        by_us=is_ours(who, identity),
        draft=False,
        created=node.moment("createdAt"),
        head=head,
        base_branch=node.text("baseRefName"),
        mergeable="",
        merge_state="",
        labels=frozenset(one.text("name") for one in labels.nodes()) if labels else frozenset(),
        labelling=tuple(sorted(labelled, key=lambda one: one.at)),
        comments=(),
        reviews=tuple(sorted(said, key=lambda one: one.at)),
        commits=(),
        checks=tuple(one for latest in node.node("latest").nodes() for one in _checks(latest.node("commit"))),
        complete=not any(one.more("hasPreviousPage") for one in lists),
    )


def _checks(on: Node) -> tuple[Check, ...]:
    """Our check runs: the suite was asked for by the number of our App."""
    suites = on.maybe_node("checkSuites")
    runs = [suite.maybe_node("checkRuns") for suite in suites.nodes()] if suites else []
    return tuple(check(run, on.sha("oid")) for found in runs if found for run in found.nodes())


def _review(node: Node) -> Review:
    state, on = node.text("state"), node.maybe_node("commit")
    if state not in STATES:
        raise unexpected(node.at("state"))
    return Review(
        id=node.text("id"),
        author=actor(node.maybe_node("author")),
        state=STATES[state],
        body="",
        commit=on.sha("oid") if on else None,
        at=node.maybe_moment("submittedAt") or node.moment("createdAt"),
        edited=False,
        can_push=node.flag("authorCanPushToRepository"),
        reactions=frozenset(),
    )


def read_brought(data: Mapping[str, object], count: int, *, identity: AppIdentity) -> tuple[Brought, ...]:
    """What so many pull requests bring, in the order they were asked for.

    One of which GitHub does not show the head yet is left out. `changed` is `UNTOLD` where REST must tell.
    """
    repository = Node(data, "data").node("repository")
    found = (repository.maybe_node(f"pull{i}") for i in range(count))
    read = (_brought(one, identity) for one in found if one)
    return tuple(one for one in read if one is not None)


def _brought(node: Node, identity: AppIdentity) -> Brought | None:
    listed = node.node("commits")
    commits = tuple(commit(one.node("commit"), identity) for one in listed.nodes())
    head = node.sha("headRefOid")
    last = [one.node("commit") for one in node.node("head").nodes()]
    if not last or last[-1].sha("oid") != head:
        return None
    entry = last[-1].maybe_node("file")
    text = file(entry, CONFIG_PATH).text if entry else None
    return Brought(
        number=node.number("number"),
        head=head,
        changed=_changed(node),
        commits=commits,
        complete=listed.number("totalCount") == len(commits),
        configuration=Unknown("the file cannot be read as text") if entry and text is None else text,
    )


def _changed(node: Node) -> frozenset[str] | Unknown:
    files = node.maybe_node("files")
    shown = files.nodes() if files else ()
    count = node.number("changedFiles")
    if count > MOST_FILES:
        return Unknown(f"it changes {count} files, more than the {MOST_FILES} that are read")
    if len(shown) != count or any(one.text("changeType") == "RENAMED" for one in shown):
        return UNTOLD
    return frozenset(one.text("path") for one in shown)


def read_files(answer: object, head: Sha) -> tuple[tuple[str, ...], bool]:
    """Both names of each file on a page of REST's list, and whether a page may follow.

    Each entry says of which head it is: a list of another one, pushed in between, raises `Transient`.
    https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files
    """
    if not isinstance(answer, list):
        raise unexpected("changed files that are no list")
    files = [Node.of(one, "a changed file") for one in answer]
    if any(not one.text("contents_url").endswith(f"ref={head}") for one in files):
        raise Transient("a pull request was pushed to while its files were read")
    former = [one.text("previous_filename") for one in files if "previous_filename" in one.fields]
    return (*(one.text("filename") for one in files), *former), len(files) == FILES_A_PAGE
