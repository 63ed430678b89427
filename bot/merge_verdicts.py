"""What the gates said when something was merged, read back from the merge commit's own trailer. No I/O.

Only our App writes merge commits that its own merges make; who merged is for the caller to establish
(`Merged.merged_by_us`): of a person's merge nothing here is believed.
"""

from bot.actions import Outcome, Verdict
from bot.model import Merged
from bot.release_record import decoded, trailers

TRAILER = "Caisson-Verdicts"


def merge_verdicts(merged: Merged) -> tuple[Verdict, ...]:
    """Every verdict as it stood; nothing where a person merged, or where it cannot be read whole."""
    if not merged.merged_by_us or merged.commit is None:
        return ()
    said = decoded(trailers(merged.commit.message).get(TRAILER))
    found = [_verdict(one) for one in said] if isinstance(said, list) else []
    return () if None in found else tuple(one for one in found if one is not None)


def _verdict(one: object) -> Verdict | None:
    match one:
        case [str(gate), str(outcome), str(reason), *_] if outcome in tuple(Outcome):
            return Verdict(gate=gate, outcome=Outcome(outcome), reason=reason)
        case _:
            return None
