"""The GraphQL documents we send to GitHub. No I/O.

One query reads everything a pass needs of one repository: the configuration, and for each environment its base branch,
files, our head branch with the open pull request, our merged pull requests and the deployments that record promotions.
Writes that GraphQL does as well as REST travel together, several mutations in one document, because GitHub counts and
limits requests. Schema: https://docs.github.com/en/graphql/reference
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.codeowners import LOCATIONS
from bot.github.fragments import fragments_of
from bot.hydrated import METADATA
from bot.model import HISTORY_READ, HYDRATIONS_READ, Sha

CONFIG_PATH = ".github/caisson.yaml"
# Where a source hydrator notes which dry commits come to what a hydrated commit holds already.
NOTES = "refs/notes/hydrator.metadata"

# How many deployments of an environment the one read asks for.
RECORDS_READ = 20
# How many places one query may read: GitHub refuses what might give more than 500,000 nodes. A place may give 35,000,
# and the pull requests into its branch 10,300 more.
MOST_PLACES = 10
# How many open pull requests into one branch a query lists: GitHub's most. Further ones take a query of their own.
MOST_OPEN = 100
# How many pull requests are looked into at once: GitHub makes a diff for each, and gives up after ten seconds.
MOST_BROUGHT = 20
# How many of an environment's merged promotions a pass reads, and how many are read where a story is told.
MERGED_READ, MERGED_TOLD = 3, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one environment is read: what the query's variables of that environment are made of.

    `branch` is the base branch, `folder` a path relative to the repository's root ("" is the whole tree), `head` our
    own branch for promotions into it, `record` the name under which GitHub lists its deployments. `owners`: whether the
    branch's CODEOWNERS is read too. `hydrated`: the branch that a source hydrator writes for it, "" where none does.
    """

    branch: str
    folder: str
    head: str
    record: str
    owners: bool = False
    hydrated: str = ""


def batches(places: Sequence[Place]) -> tuple[tuple[Place, ...], ...]:
    """The places, in order, in as many queries as GitHub's limit asks for: one at least, and mostly one."""
    starts = range(0, max(len(places), 1), MOST_PLACES)
    return tuple(tuple(places[start : start + MOST_PLACES]) for start in starts)


def repository_query(
    places: Sequence[Place],
    keys: Sequence[str] = (),
    *,
    folders: Sequence[str] = (),
    into: Sequence[str] = (),
    us: str | None = None,
) -> tuple[str, dict[str, str]]:
    """The one read of a pass, and its variables except `owner` and `name`, and `app` where `into` names branches.

    Without places it reads the configuration; more than `MOST_PLACES` need several queries (`batches`). `keys` are
    paths from the root, read at the same commit as the configuration (`read.read_keys`); so are `folders`, of which the
    folders in them are listed (`read.read_folders`), "" being the root. `into`: branches whose open pull requests are
    listed (`read_open.read_open`). `us`: the login of our bot, where what was said anywhere in the repository, and the
    issues that we keep, are read too (`read_talk`).
    """
    declared = [
        "$owner: String!",
        "$name: String!",
        "$config: String!",
        *(f"$key{i}: String!" for i in range(len(keys))),
        *(f"$folder{i}: String!" for i, path in enumerate(folders) if path),
    ]
    fields = [_configuration(len(keys), folders)]
    variables = {"config": CONFIG_PATH, **{f"key{i}": path for i, path in enumerate(keys)}}
    variables |= {f"folder{i}": path for i, path in enumerate(folders) if path}
    for i, place in enumerate(places):
        declared.append(
            f"$base{i}: String!, $baseName{i}: String!, $files{i}: String!, $path{i}: String!, "
            f"$head{i}: String!, $headName{i}: String!, $record{i}: String!"
        )
        fields.append(_environment(i, whole=not place.folder))
        variables |= {
            f"base{i}": f"refs/heads/{place.branch}",
            f"baseName{i}": place.branch,
            f"files{i}": f"refs/heads/{place.branch}:{place.folder}",
            f"path{i}": place.folder,
            f"head{i}": f"refs/heads/{place.head}",
            f"headName{i}": place.head,
            f"record{i}": place.record,
        }
        if place.owners:
            declared.append(", ".join(f"$owners{i}_{n}: String!" for n in range(len(LOCATIONS))))
            fields.append(_owners(i))
            variables |= {f"owners{i}_{n}": f"refs/heads/{place.branch}:{path}" for n, path in enumerate(LOCATIONS)}
        if place.hydrated:
            declared.append(f"$hydrated{i}: String!")
            fields.append(_hydrated(i))
            variables |= {f"hydrated{i}": f"refs/heads/{place.hydrated}"}
    for i, branch in enumerate(into):
        declared.append(f"$into{i}: String!" if i else "$app: Int!, $into0: String!")
        fields.append(f"\n    into{i}: {_open_pulls(f'into{i}')}")
        variables[f"into{i}"] = branch
    if us is not None:
        declared.append("$us: String!")
        fields.append(_TALK)
        variables["us"] = us
    signature = ", ".join(declared)
    query = (
        f"query Repository({signature}) {{\n"
        "  rateLimit { cost remaining resetAt }\n"
        f"  repository(owner: $owner, name: $name) {{{''.join(fields)}\n  }}\n}}\n"
    )
    return query + fragments_of(query), variables


def merged_query(places: Sequence[Place]) -> tuple[str, dict[str, str]]:
    """The last `MERGED_TOLD` merged promotions of at most `MOST_PLACES` places; variables except `owner` and `name`."""
    declared = ["$owner: String!", "$name: String!"]
    fields: list[str] = []
    variables: dict[str, str] = {}
    for i, place in enumerate(places):
        declared.append(f"$baseName{i}: String!, $headName{i}: String!")
        variables |= {f"baseName{i}": place.branch, f"headName{i}": place.head}
        if place.folder:
            declared.append(f"$path{i}: String!")
            variables[f"path{i}"] = place.folder
        fields.append(_merged(i, whole=not place.folder, first=MERGED_TOLD))
    told = "\n    ".join(("databaseId", *fields))
    query = (
        f"query Merged({', '.join(declared)}) {{\n  repository(owner: $owner, name: $name) {{\n    {told}\n  }}\n}}\n"
    )
    return query + fragments_of(query), variables


def _open_pulls(branch: str, more: str = "") -> str:
    """In the order of their opening, so that pages do not shift while they are read."""
    order = "orderBy: {field: CREATED_AT, direction: ASC}"
    listed = f"pullRequests(baseRefName: ${branch}, states: OPEN, first: {MOST_OPEN}{more}, {order})"
    return f"{listed} {{ pageInfo {{ hasNextPage endCursor }} nodes {{ ...Opened }} }}"


def open_pulls_query() -> str:
    """A further page of the open pull requests into `$into`: those after `$after`, for checks of `$app`."""
    query = (
        "query Open($owner: String!, $name: String!, $app: Int!, $into: String!, $after: String!) {\n"
        f"  repository(owner: $owner, name: $name) {{ into0: {_open_pulls('into', ', after: $after')} }}\n}}\n"
    )
    return query + fragments_of(query)


def brought_query(numbers: Sequence[int]) -> tuple[str, dict[str, object]]:
    """What these pull requests bring; at most `MOST_BROUGHT`. Its variables except `owner` and `name`."""
    declared = "".join(f", $number{i}: Int!" for i in range(len(numbers)))
    fields = "\n".join(f"    pull{i}: pullRequest(number: $number{i}) {{ ...Brought }}" for i in range(len(numbers)))
    query = (
        f"query Brought($owner: String!, $name: String!, $config: String!{declared}) {{\n"
        f"  repository(owner: $owner, name: $name) {{\n{fields}\n  }}\n}}\n"
    )
    return query + fragments_of(query), {"config": CONFIG_PATH, **{f"number{i}": n for i, n in enumerate(numbers)}}


def _configuration(keys: int, folders: Sequence[str]) -> str:
    more = "".join(f"\n          key{i}: file(path: $key{i}) {{ ...Entry }}" for i in range(keys))
    names = "entries { name mode }"
    for i, path in enumerate(folders):
        # GitHub's `file` answers for a path below the root only.
        below = f"folder{i}: file(path: $folder{i}) {{ mode object {{ ... on Tree {{ {names} }} }} }}"
        more += f"\n          {below if path else f'folder{i}: tree {{ {names} }}'}"
    return f"""
    id databaseId nameWithOwner isArchived
    defaultBranchRef {{
      name
      target {{
        oid
        ... on Commit {{
          file(path: $config) {{ ...Entry }}
          configured: history(first: 1, path: $config) {{ nodes {{ oid statusCheckRollup {{ ...Checks }} }} }}{more}
        }}
      }}
    }}"""


def _environment(i: int, *, whole: bool) -> str:
    # GitHub's `file` answers for a path below the root only.
    files = "Files" if whole else "FilesBelow"
    whole_tree = ""
    history = f"touched: history(first: 1, path: $path{i}) {{ nodes {{ oid }} }}"
    if whole:
        # What stands in a folder is read from its files; on a whole branch, what was reverted from its commits.
        whole_tree = " nodes { commit { tree { ...Blobs } } }"
        history += " reverts: history(first: 50) { nodes { oid messageBody } }"
    ours = f"headRefName: $headName{i}, baseRefName: $baseName{i}"
    newest = "orderBy: {field: UPDATED_AT, direction: DESC}"
    created = "orderBy: {field: CREATED_AT, direction: DESC}"
    return f"""
    base{i}: ref(qualifiedName: $base{i}) {{
      ...Base
      target {{ ... on Commit {{ {history} }} }}
    }}
    files{i}: object(expression: $files{i}) {{ ...{files} }}
    head{i}: ref(qualifiedName: $head{i}) {{
      ...Head
      target {{ ... on Commit {{ {_folder(i, whole=whole)} }} }}
      grouped: associatedPullRequests(states: OPEN, first: 3) {{
        nodes {{ number mergeQueueEntry {{ headCommit {{ {_folder(i, whole=whole)} }} }} }}
      }}
    }}
    {_merged(i, whole=whole, first=MERGED_READ)}
    closed{i}: pullRequests({ours}, states: CLOSED, first: 10, {created}) {{
      nodes {{ ...Closed }}
    }}
    talk{i}: pullRequests(headRefName: $headName{i}, states: [MERGED, CLOSED], first: 3, {newest}) {{
      nodes {{ ...Talk }}
    }}
    deployments{i}: deployments(environments: [$record{i}], first: {RECORDS_READ}, {created}) {{
      ...Records{whole_tree}
    }}"""


# How much is read of what people say outside our promotions: whatever moved last in the repository.
RECENT = 10
# Issues that carry our label of freezes: ours that are settled have lost it.
MOST_FREEZES = 30
BOARD_LABEL = "caisson/board"
FREEZE_LABEL = "caisson/freeze"

# GitHub's filter by creator takes a bot's login on github.com, and finds nothing on some of its enterprise editions:
# so it is a net under the labels, and no more than that.
_LATEST = "orderBy: {field: UPDATED_AT, direction: DESC}"
_TALK = f"""
    hasIssuesEnabled
    boards: issues(labels: ["{BOARD_LABEL}"], first: 5, {_LATEST}) {{ nodes {{ ...Kept }} }}
    freezes: issues(labels: ["{FREEZE_LABEL}"], first: {MOST_FREEZES}, {_LATEST}) {{
      pageInfo {{ hasNextPage }}
      nodes {{ ...Kept }}
    }}
    created: issues(filterBy: {{createdBy: $us}}, states: OPEN, first: {RECENT}, {_LATEST}) {{ nodes {{ ...Kept }} }}
    issues: issues(first: {RECENT}, {_LATEST}) {{ nodes {{ ...Kept }} }}
    pulls: pullRequests(first: {RECENT}, {_LATEST}) {{ nodes {{ ...Talk }} }}"""


def _folder(i: int, *, whole: bool) -> str:
    """What lies in the environment's folder, of a commit."""
    return (
        "folder: tree { ...Blobs }" if whole else f"folder: file(path: $path{i}) {{ oid object {{ ...BlobsBelow }} }}"
    )


def _merged(i: int, *, whole: bool, first: int) -> str:
    newest = "orderBy: {field: UPDATED_AT, direction: DESC}"
    return f"""merged{i}: pullRequests(
      headRefName: $headName{i}, baseRefName: $baseName{i}, states: MERGED, first: {first}, {newest}
    ) {{
      nodes {{
        ...Merged
        mergeCommit {{ {_folder(i, whole=whole)} }}
      }}
    }}"""


def _owners(i: int) -> str:
    """The three places where GitHub looks for a CODEOWNERS file."""
    text = "{ __typename ... on Blob { byteSize isBinary isTruncated text } }"
    return "".join(f"\n    owners{i}_{n}: object(expression: $owners{i}_{n}) {text}" for n in range(len(LOCATIONS)))


def _hydrated(i: int) -> str:
    file = f'file(path: "{METADATA}") {{ ...Entry }}'
    return f"""
    hydrated{i}: ref(qualifiedName: $hydrated{i}) {{
      target {{ ... on Commit {{ history(first: {HYDRATIONS_READ}) {{ nodes {{ oid tree {{ oid }} {file} }} }} }} }}
    }}
    notes{i}: object(expression: "{NOTES}") {{ __typename ... on Commit {{ tree {{ oid }} }} }}"""


def notes_query(notes: Sequence[tuple[Sha, Sha]]) -> tuple[str, dict[str, str]]:
    """The note on each (tree of notes, commit), and the query's variables except `owner` and `name`.

    Git spreads notes over folders by the first digits of their commit once they are many: none, one or two levels.
    """
    variables: dict[str, str] = {}
    for i, (tree, commit) in enumerate(notes):
        variables[f"note{i}_0"] = f"{tree}:{commit}"
        variables[f"note{i}_1"] = f"{tree}:{commit[:2]}/{commit[2:]}"
        variables[f"note{i}_2"] = f"{tree}:{commit[:2]}/{commit[2:4]}/{commit[4:]}"
    signature = ", ".join(["$owner: String!", "$name: String!", *(f"${name}: String!" for name in variables)])
    blob = "{ __typename ... on Blob { isBinary isTruncated text } }"
    read = "\n    ".join(f"{name}: object(expression: ${name}) {blob}" for name in variables)
    query = f"query Notes({signature}) {{\n  repository(owner: $owner, name: $name) {{\n    {read}\n  }}\n}}\n"
    return query, variables


def folders_query(places: Sequence[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    """What stands at each (commit, folder), with all that lies beside it on the way down, and who changed it last.

    And the query's variables except `owner` and `name`.

    `commit0` is the first commit, `folder0_0` its whole tree, `folder0_1` the first folder on the way, and so on.
    """
    variables: dict[str, str] = {}
    fields: list[str] = []
    for i, (commit, path) in enumerate(places):
        variables[f"commit{i}"] = commit
        variables[f"path{i}"] = path
        history = f"history(first: {HISTORY_READ}, path: $path{i}) {{ nodes {{ ...Authored }} }}"
        fields.append(f"commit{i}: object(expression: $commit{i}) {{ __typename ... on Commit {{ {history} }} }}")
        names = path.split("/") if path else []
        for level in range(len(names) + 1):
            variables[f"folder{i}_{level}"] = f"{commit}:{'/'.join(names[:level])}"
            inside = "" if level == len(names) else " ... on Tree { entries { name mode oid } }"
            fields.append(
                f"folder{i}_{level}: object(expression: $folder{i}_{level}) {{ __typename oid{inside} }}",
            )
    signature = ", ".join(["$owner: String!", "$name: String!", *(f"${name}: String!" for name in variables)])
    read = "\n    ".join(fields)
    query = f"query Folders({signature}) {{\n  repository(owner: $owner, name: $name) {{\n    {read}\n  }}\n}}\n"
    return query + fragments_of(query), variables


@dataclass(frozen=True, slots=True)
class Mutation:
    """One GraphQL mutation: its field, the type of its input, the input, and what to select of the answer."""

    field: str
    input_type: str
    input: dict[str, object]
    selection: str = "clientMutationId"


def mutation_document(mutations: Sequence[Mutation]) -> tuple[str, dict[str, object]]:
    """Several mutations as one document, run in order by GitHub; each answers as `m0`, `m1` and so on."""
    declared = ", ".join(f"$i{i}: {mutation.input_type}!" for i, mutation in enumerate(mutations))
    fields = "\n".join(
        f"  m{i}: {mutation.field}(input: $i{i}) {{ {mutation.selection} }}" for i, mutation in enumerate(mutations)
    )
    return f"mutation Act({declared}) {{\n{fields}\n}}\n", {f"i{i}": m.input for i, m in enumerate(mutations)}


CONFIG_HISTORY = """
query ConfigHistory($owner: String!, $name: String!, $config: String!) {
  repository(owner: $owner, name: $name) {
    defaultBranchRef { target { ... on Commit {
      history(first: 20, path: $config) { nodes { oid file(path: $config) { object { ... on Blob { oid text } } } } }
    } } }
  }
}
"""

BRANCH_RULES = """
query BranchRules($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) {
    ref(qualifiedName: $branch) {
      refUpdateRule {
        requiredApprovingReviewCount requiresCodeOwnerReviews requiresConversationResolution requiresSignatures
        requiresLinearHistory requiredStatusCheckContexts
      }
    }
  }
}
"""

RECORDS_AFTER = f"""
query Records($owner: String!, $name: String!, $record: String!, $after: String!) {{
  repository(owner: $owner, name: $name) {{
    deployments0: deployments(
      environments: [$record], first: 100, after: $after, orderBy: {{field: CREATED_AT, direction: DESC}}
    ) {{ ...Records }}
  }}
}}
{fragments_of("...Records")}"""
# How the file came to be as it is: its revisions, the pull requests that brought them, and our checks on their heads.
CONFIG_REVISIONS = """
query ConfigRevisions($owner: String!, $name: String!, $config: String!, $app: Int!) {
  repository(owner: $owner, name: $name) {
    defaultBranchRef { target { ... on Commit {
      history(first: 20, path: $config) { nodes {
        oid
        file(path: $config) { oid object { ... on Blob { text } } }
        associatedPullRequests(first: 5) { nodes {
          mergedAt headRefOid
          latest: commits(last: 1) { nodes { commit {
            oid
            file(path: $config) { oid }
            checkSuites(first: 1, filterBy: {appId: $app}) {
              nodes { checkRuns(first: 20, filterBy: {checkType: LATEST}) { nodes { name conclusion } } }
            }
          } } }
        } }
      } }
    } } }
  }
}
"""
