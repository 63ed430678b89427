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
from bot.model import HISTORY_READ

CONFIG_PATH = ".github/caisson.yaml"

# How many deployments of an environment the one read asks for.
RECORDS_READ = 20
# How many places one query may read: GitHub refuses what might give more than 500,000 nodes, and one may give 35,000.
MOST_PLACES = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one environment is read: what the query's variables of that environment are made of.

    `branch` is the base branch, `folder` a path relative to the repository's root ("" is the whole tree), `head` our
    own branch for promotions into it, `record` the name under which GitHub lists its deployments. `owners`: whether the
    branch's CODEOWNERS is read too.
    """

    branch: str
    folder: str
    head: str
    record: str
    owners: bool = False


def batches(places: Sequence[Place]) -> tuple[tuple[Place, ...], ...]:
    """The places, in order, in as many queries as GitHub's limit asks for: one at least, and mostly one."""
    starts = range(0, max(len(places), 1), MOST_PLACES)
    return tuple(tuple(places[start : start + MOST_PLACES]) for start in starts)


def repository_query(
    places: Sequence[Place], keys: Sequence[str] = (), *, folders: Sequence[str] = (), us: str | None = None
) -> tuple[str, dict[str, str]]:
    """The one read of a pass, and its variables except `owner` and `name`.

    Without places it reads the configuration; more than `MOST_PLACES` need several queries (`batches`). `keys` are
    paths from the root, read at the same commit as the configuration (`read.read_keys`); so are `folders`, of which the
    folders in them are listed (`read.read_folders`), "" being the root. `us`: the login of our bot, where what was said
    anywhere in the repository, and the issues that we keep, are read too (`read_talk`).
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
    folder = (
        "folder: tree { ...Blobs }" if whole else f"folder: file(path: $path{i}) {{ oid object {{ ...BlobsBelow }} }}"
    )
    whole_tree = ""
    history = f"touched: history(first: 1, path: $path{i}) {{ nodes {{ oid }} }}"
    if whole:
        # What stands in a folder is read from its files; on a whole branch, what was reverted from its commits.
        whole_tree = " nodes { commit { tree { ...Blobs } } }"
        history += " reverts: history(first: 50) { nodes { oid messageBody } }"
    ours = f"headRefName: $headName{i}, baseRefName: $baseName{i}"
    created = "orderBy: {field: CREATED_AT, direction: DESC}"
    newest = "orderBy: {field: UPDATED_AT, direction: DESC}"
    return f"""
    base{i}: ref(qualifiedName: $base{i}) {{
      ...Base
      target {{ ... on Commit {{ {history} }} }}
    }}
    files{i}: object(expression: $files{i}) {{ ...{files} }}
    head{i}: ref(qualifiedName: $head{i}) {{
      ...Head
      target {{ ... on Commit {{ {folder} }} }}
      grouped: associatedPullRequests(states: OPEN, first: 3) {{
        nodes {{ number mergeQueueEntry {{ headCommit {{ {folder} }} }} }}
      }}
    }}
    merged{i}: pullRequests({ours}, states: MERGED, first: 3, {newest}) {{
      nodes {{
        ...Merged
        mergeCommit {{ {folder} }}
      }}
    }}
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


def _owners(i: int) -> str:
    """The three places where GitHub looks for a CODEOWNERS file."""
    text = "{ __typename ... on Blob { byteSize isBinary isTruncated text } }"
    return "".join(f"\n    owners{i}_{n}: object(expression: $owners{i}_{n}) {text}" for n in range(len(LOCATIONS)))


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
