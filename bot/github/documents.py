"""The GraphQL documents we send to GitHub. No I/O.

One query reads everything a pass needs of one repository: the configuration, and for each environment its base branch,
files, our head branch with the open pull request, our merged pull requests and the deployments that record promotions.
Writes that GraphQL does as well as REST travel together, several mutations in one document, because GitHub counts and
limits requests. Schema: https://docs.github.com/en/graphql/reference
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

CONFIG_PATH = ".github/caisson.yaml"

_SPREAD = re.compile(r"\.\.\.(\w+)")

_FRAGMENTS = """
fragment Who on Actor { __typename login ... on Bot { databaseId } ... on User { databaseId } }

fragment Entry on TreeEntry {
  name path type mode oid
  object { ... on Blob { oid byteSize isBinary isTruncated text } }
}

fragment Authored on Commit {
  oid message committedDate
  author { name email user { login } }
  signature { isValid wasSignedByGitHub }
  tree { oid }
  parents(first: 3) { nodes { oid } }
}

fragment Checks on StatusCheckRollup {
  commit { oid }
  contexts(first: 100) {
    pageInfo { hasNextPage }
    nodes {
      __typename
      ... on CheckRun {
        id name status conclusion externalId startedAt
        checkSuite { app { databaseId } }
      }
    }
  }
}

fragment Base on Ref {
  name
  target {
    oid
    ... on Commit {
      committedDate
      tree { oid }
      history(first: 50) { nodes { oid } }
    }
  }
}

fragment Files on GitObject {
  __typename oid
  ... on Tree { entries { ...Entry } }
}

fragment FilesBelow on GitObject {
  ...Files
  ... on Tree {
    entries {
      object { ... on Tree { entries { ...Entry object { ... on Tree { entries { ...Entry } } } } } }
    }
  }
}

fragment Blobs on GitObject {
  ... on Tree { entries { name oid } }
}

fragment BlobsBelow on GitObject {
  ... on Tree {
    entries {
      name oid
      object { ... on Tree { entries { name oid object { ...Blobs } } } }
    }
  }
}

fragment Head on Ref {
  name
  target { oid ...Authored }
  associatedPullRequests(states: OPEN, first: 3) { nodes { ...Pull } }
}

fragment Pull on PullRequest {
  id number title body isDraft isCrossRepository createdAt
  author { ...Who }
  headRefName headRefOid baseRefName
  mergeable mergeStateStatus changedFiles
  files(first: 100) { nodes { path } }
  labels(first: 50) { nodes { name } }
  labelling: timelineItems(last: 50, itemTypes: [LABELED_EVENT, UNLABELED_EVENT]) {
    pageInfo { hasPreviousPage }
    nodes {
      __typename
      ... on LabeledEvent { createdAt actor { ...Who } label { name } }
      ... on UnlabeledEvent { createdAt actor { ...Who } label { name } }
    }
  }
  comments(last: 100) {
    pageInfo { hasPreviousPage }
    nodes {
      id databaseId body createdAt lastEditedAt
      author { ...Who }
      editor { ...Who }
      reactions(first: 50) { nodes { content user { login databaseId } } }
    }
  }
  reviews(last: 100) {
    pageInfo { hasPreviousPage }
    nodes {
      id databaseId state body createdAt submittedAt lastEditedAt authorCanPushToRepository
      author { ...Who }
      commit { oid }
      reactions(first: 50) { nodes { content user { login databaseId } } }
    }
  }
  commits(last: 100) { totalCount nodes { commit { ...Authored } } }
  latest: commits(last: 1) { nodes { commit { statusCheckRollup { ...Checks } } } }
}

fragment Merged on PullRequest {
  number title isCrossRepository createdAt headRefName headRefOid baseRefName mergedAt
  author { ...Who }
  mergedBy { ...Who }
  mergeCommit { ...Authored }
  commits(last: 1) { nodes { commit { ...Authored } } }
}

fragment Records on DeploymentConnection {
  pageInfo { hasNextPage }
  nodes {
    id databaseId commitOid task payload createdAt
    environment originalEnvironment
    creator { ...Who }
    statuses(first: 100) {
      pageInfo { hasNextPage }
      nodes { state description createdAt creator { ...Who } }
    }
  }
}
"""

# How many places one query may read: GitHub refuses what might give more than 500,000 nodes, and one may give 35,000.
MOST_PLACES = 14

# How deep a folder is read: what lies in it, and in its sub-folders two levels down. The whole tree, one level.
FOLDER_DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one environment is read: what the query's variables of that environment are made of.

    `branch` is the base branch, `folder` a path relative to the repository's root ("" is the whole tree), `head` our
    own branch for promotions into it, `record` the name under which GitHub lists its deployments.
    """

    branch: str
    folder: str
    head: str
    record: str


def repository_query(places: Sequence[Place], keys: Sequence[str] = ()) -> tuple[str, dict[str, str]]:
    """The one read of a pass, and its variables except `owner` and `name`.

    Without places it reads the configuration; more than `MOST_PLACES` need another query. `keys` are paths from the
    root, read at the same commit as the configuration (`read.read_keys`).
    """
    declared = [
        "$owner: String!",
        "$name: String!",
        "$config: String!",
        *(f"$key{i}: String!" for i in range(len(keys))),
    ]
    fields = [_configuration(len(keys))]
    variables = {"config": CONFIG_PATH, **{f"key{i}": path for i, path in enumerate(keys)}}
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
    signature = ", ".join(declared)
    query = (
        f"query Repository({signature}) {{\n"
        "  rateLimit { cost remaining resetAt }\n"
        f"  repository(owner: $owner, name: $name) {{{''.join(fields)}\n  }}\n}}\n"
    )
    return query + _fragments(query), variables


def _configuration(keys: int) -> str:
    more = "".join(f"\n          key{i}: file(path: $key{i}) {{ ...Entry }}" for i in range(keys))
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
    created = "orderBy: {field: CREATED_AT, direction: DESC}"
    newest = "orderBy: {field: UPDATED_AT, direction: DESC}"
    return f"""
    base{i}: ref(qualifiedName: $base{i}) {{
      ...Base
      target {{ ... on Commit {{ touched: history(first: 1, path: $path{i}) {{ nodes {{ oid }} }} }} }}
    }}
    files{i}: object(expression: $files{i}) {{ ...{files} }}
    head{i}: ref(qualifiedName: $head{i}) {{
      ...Head
      target {{ ... on Commit {{ {folder} }} }}
    }}
    merged{i}: pullRequests(headRefName: $headName{i}, baseRefName: $baseName{i}, states: MERGED, first: 3, {newest}) {{
      nodes {{
        ...Merged
        mergeCommit {{ {folder} }}
      }}
    }}
    deployments{i}: deployments(environments: [$record{i}], first: 20, {created}) {{
      ...Records
    }}"""


def _fragments(query: str) -> str:
    """The fragments that a query uses, and those they use: GitHub refuses a document with an unused one."""
    texts = {part.split()[1]: part.strip() for part in _FRAGMENTS.split("\n\n")}
    wanted, used = _SPREAD.findall(query), set[str]()
    while wanted:
        name = wanted.pop()
        if name not in used:
            used.add(name)
            wanted += _SPREAD.findall(texts[name])
    return "\n" + "\n\n".join(text for name, text in texts.items() if name in used) + "\n"


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
