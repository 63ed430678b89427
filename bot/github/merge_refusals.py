"""GitHub's refusals to merge, sorted: a race is looked at again, all else is somebody's to mend, and shown. No I/O.

GitHub documents the status codes (https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request) but not the texts,
and the texts are all that tells a race from a rule: 405 is answered for both. So whatever is not known to be a race is
taken for a rule, which costs a wait that is explained, and never a merge.
"""

import re

from bot.messages import GATES, plain

_PREFIX = re.compile(r"^repository rule violations found[\s:.-]*", re.IGNORECASE)
# What the next look sees for itself: another head, another base, a conflict, a draft, a merge that was made already.
_RACES = re.compile(
    r"(head|base) branch was modified|pull request is not mergeable|still a draft|already merged|merge conflict"
    r"|expected head|head (sha|oid)|not in the correct state|already (in the|queued)|clean status",
    re.IGNORECASE,
)
_REMEDIES = (
    (
        r"approving review|code owner|changes requested|last pusher|review is required",
        "somebody must review it on GitHub",
    ),
    (r"status checks?|workflow|code scanning|check runs?", "the checks that GitHub asks for must pass"),
    (r"conversation|comments must be resolved", "somebody must resolve what was said on the pull request"),
    (
        r"verified signature|must be signed",
        "every commit that is merged must be signed; see who made the unsigned ones",
    ),
    (r"merge queue", "the branch takes changes through its merge queue only"),
    (r"linear history|merge commits?.*not allowed|must not contain merge commits", "set `merge_method: squash`"),
    (r"squash merges?.*not allowed", "set `merge_method: merge`, or allow squash merging in the repository's settings"),
    (
        r"merge method|not allowed on this repository",
        "allow the environment's `merge_method` in the repository's settings",
    ),
    (r"not authorized|protected ref|permission", "an administrator must let this App merge into the branch"),
    (r"deployment", "the deployments that GitHub asks for must succeed"),
)


def lasting(text: str) -> str | None:
    """Why GitHub will refuse the same again, and what helps, in one sentence; None where a race was lost.

    `text`: GitHub's words, the rulesets' heading included.
    """
    # Our own check was written just before: GitHub has not seen it yet.
    if _RACES.search(text) or GATES in text:
        return None
    # Rulesets list each violation on a line of its own.
    said = " ".join(_PREFIX.sub("", text.strip()).split()).rstrip(".") or "it gives no reason"
    remedy = next((what for pattern, what in _REMEDIES if re.search(pattern, said, re.IGNORECASE)), None)
    return f"GitHub refuses the merge: {plain(said)}" + (f"; {remedy}" if remedy else "")
