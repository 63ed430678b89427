"""Since when a release is proposed, as far as that can be believed. No I/O.

A head's trailers say it, and a squash made by hand keeps our name and GitHub's signature while its message is somebody
else's. So the check run that is posted together with a head we make carries the moment too, sealed: nobody but our App
writes it, and whatever is said on that head later carries it on. A head without a seal is as old as GitHub says that
its commit is.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime

from bot.actions import CheckText
from bot.content import proposed_release
from bot.messages import GATES
from bot.model import Check, Commit, PullRequest, Release

_SEAL = re.compile(r":since:(\d{1,12})$")


def sealed(text: CheckText, proposed: datetime) -> CheckText:
    """The gates check of a head that we make, with the moment in its external id."""
    return replace(text, external_id=f"{text.external_id}:since:{int(proposed.timestamp())}")


def carried_on(text: CheckText, existing: Check | None) -> CheckText:
    """The gates check of a head that is there, with the seal it has; without one it gets none."""
    moment = _moment(existing)
    return text if moment is None else sealed(text, moment)


def believed_release(head: Commit | None, pull: PullRequest | None) -> Release | None:
    """What our head carries, proposed when the seal says; without a seal no earlier than its commit was made."""
    release = proposed_release(head)
    if release is None or head is None or pull is None:
        return None
    moment = _moment(next((c for c in pull.checks if c.name == GATES and c.commit == head.sha), None))
    return replace(release, proposed=max(release.proposed, head.committed) if moment is None else moment)


def _moment(check: Check | None) -> datetime | None:
    found = _SEAL.search(check.external_id) if check else None
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None
