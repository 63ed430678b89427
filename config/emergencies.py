"""Reading `emergency`: how many people together may waive what only costs time. No I/O."""

from config.approvals import MOST_APPROVALS
from config.pipeline import Emergency
from config.reading import Entry, Reader

_FEWEST = 2


def read_emergency(reader: Reader, entry: Entry | None) -> Emergency | None:
    """None where it is not declared, and so off; what cannot be read is noted."""
    if entry is None:
        return None
    fields = reader.fields(entry.value, "`emergency`", known=("people",))
    people = None
    if "people" in fields:
        people = reader.integer(fields["people"].value, "people", low=_FEWEST, high=MOST_APPROVALS)
    return Emergency(people=people or _FEWEST)
