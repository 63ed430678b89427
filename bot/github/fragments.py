"""The parts our GraphQL documents are made from: what we ask of a commit, a folder, a pull request. No I/O.

Schema: https://docs.github.com/en/graphql/reference
"""

import re

# How deep `FilesBelow` and `BlobsBelow` reach: what lies in a folder, and in its sub-folders two levels down.
FOLDER_DEPTH = 3

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
        id name status conclusion externalId startedAt title
        checkSuite { id app { databaseId slug } }
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
      history(first: 100) { nodes { oid } }
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
  mergeable mergeStateStatus reviewDecision changedFiles isMergeQueueEnabled
  mergeQueue { configuration { mergeMethod } }
  mergeQueueEntry { position enqueuer { ...Who } headCommit { oid tree { oid } statusCheckRollup { ...Checks } } }
  files(first: 100) { nodes { path } }
  labels(first: 50) { nodes { name } }
  queueing: timelineItems(last: 1, itemTypes: [ADDED_TO_MERGE_QUEUE_EVENT, REMOVED_FROM_MERGE_QUEUE_EVENT]) {
    nodes { __typename ... on RemovedFromMergeQueueEvent { createdAt reason actor { ...Who } } }
  }
  labelling: timelineItems(last: 50, itemTypes: [LABELED_EVENT, UNLABELED_EVENT]) {
    pageInfo { hasPreviousPage }
    nodes {
      __typename
      ... on LabeledEvent { createdAt actor { ...Who } label { name } }
      ... on UnlabeledEvent { createdAt actor { ...Who } label { name } }
    }
  }
  invited: timelineItems(first: 50, itemTypes: [REVIEW_REQUESTED_EVENT, ASSIGNED_EVENT]) {
    pageInfo { hasNextPage }
    nodes {
      __typename
      ... on ReviewRequestedEvent {
        actor { ...Who }
        requestedReviewer { __typename ... on User { login } ... on Team { combinedSlug } }
      }
      ... on AssignedEvent { actor { ...Who } }
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

fragment Said on IssueComment {
  id databaseId body createdAt lastEditedAt
  author { ...Who }
  editor { ...Who }
  reactions(first: 20) { nodes { content user { login databaseId } } }
}

fragment Talk on PullRequest {
  id number state isCrossRepository headRefName headRefOid
  author { ...Who }
  comments(last: 10) { nodes { ...Said } }
  commits(last: 1) { nodes { commit { ...Authored } } }
}

fragment Kept on Issue {
  id number title body state createdAt lastEditedAt
  author { ...Who }
  editor { ...Who }
  labels(first: 20) { nodes { id name } }
  renamed: timelineItems(first: 1, itemTypes: [RENAMED_TITLE_EVENT]) {
    nodes { ... on RenamedTitleEvent { previousTitle } }
  }
  events: timelineItems(last: 20, itemTypes: [CLOSED_EVENT, REOPENED_EVENT, LABELED_EVENT, UNLABELED_EVENT]) {
    nodes {
      __typename
      ... on ClosedEvent { createdAt actor { ...Who } }
      ... on ReopenedEvent { createdAt actor { ...Who } }
      ... on LabeledEvent { createdAt actor { ...Who } label { name } }
      ... on UnlabeledEvent { createdAt actor { ...Who } label { name } }
    }
  }
  comments(last: 10) { nodes { ...Said } }
}

fragment Merged on PullRequest {
  number title isCrossRepository createdAt headRefName headRefOid baseRefName mergedAt
  author { ...Who }
  mergedBy { ...Who }
  queued: timelineItems(last: 1, itemTypes: [ADDED_TO_MERGE_QUEUE_EVENT]) {
    nodes { ... on AddedToMergeQueueEvent { actor { ...Who } } }
  }
  mergeCommit { ...Authored statusCheckRollup { ...Checks } }
  commits(last: 1) { nodes { commit { ...Authored } } }
}

fragment Opened on PullRequest {
  id number isCrossRepository createdAt
  author { ...Who }
  headRefName headRefOid baseRefName
  labels(first: 10) { nodes { name } }
  labelling: timelineItems(last: 20, itemTypes: [LABELED_EVENT, UNLABELED_EVENT]) {
    pageInfo { hasPreviousPage }
    nodes {
      __typename
      ... on LabeledEvent { createdAt actor { ...Who } label { name } }
      ... on UnlabeledEvent { createdAt actor { ...Who } label { name } }
    }
  }
  reviews(last: 50, states: [APPROVED, CHANGES_REQUESTED, DISMISSED]) {
    pageInfo { hasPreviousPage }
    nodes {
      id state createdAt submittedAt authorCanPushToRepository
      author { ...Who }
      commit { oid }
    }
  }
  latest: commits(last: 1) {
    nodes {
      commit {
        oid
        checkSuites(first: 1, filterBy: {appId: $app}) {
          nodes {
            checkRuns(first: 20, filterBy: {checkType: LATEST}) {
              nodes { id name status conclusion externalId startedAt title }
            }
          }
        }
      }
    }
  }
}

fragment Brought on PullRequest {
  number headRefOid baseRefName changedFiles
  files(first: 100) { nodes { path changeType } }
  commits(last: 100) { totalCount nodes { commit { ...Authored } } }
  head: commits(last: 1) { nodes { commit { oid file(path: $config) { ...Entry } } } }
}

fragment Closed on PullRequest {
  id number isCrossRepository headRefName headRefOid baseRefName
  author { ...Who }
  closings: timelineItems(last: 10, itemTypes: [CLOSED_EVENT, HEAD_REF_DELETED_EVENT]) {
    nodes {
      __typename
      ... on ClosedEvent { createdAt actor { ...Who } }
      ... on HeadRefDeletedEvent { createdAt actor { ...Who } }
    }
  }
  comments(last: 20) { nodes { body lastEditedAt author { ...Who } editor { ...Who } } }
  commits(last: 1) { nodes { commit { ...Authored } } }
}

fragment Records on DeploymentConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    id databaseId commitOid task payload createdAt
    commit { tree { oid } }
    environment originalEnvironment
    creator { ...Who }
    statuses(first: 100) {
      pageInfo { hasNextPage }
      nodes { state description createdAt creator { ...Who } }
    }
  }
}
"""


def fragments_of(query: str) -> str:
    """The fragments that a query uses, and those they use: GitHub refuses a document with an unused one."""
    texts = {part.split()[1]: part.strip() for part in _FRAGMENTS.split("\n\n")}
    wanted, used = _SPREAD.findall(query), set[str]()
    while wanted:
        name = wanted.pop()
        if name not in used:
            used.add(name)
            wanted += _SPREAD.findall(texts[name])
    return "\n" + "\n\n".join(text for name, text in texts.items() if name in used) + "\n"
