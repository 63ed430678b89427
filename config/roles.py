"""Who may command in an environment, and which of its gates may be waived: `roles` and `skippable`, read. No I/O."""

from config.pipeline import Access, Environment, Role, Roles, Skippable
from config.reading import Entry, Fields, Reader

_DEFAULT: tuple[Skippable, ...] = Environment.model_fields["skippable"].default
# Below write nobody may push, and a command must not be a way around that.
_TOO_LOW = ("none", "read", "triage")
_NEVER = {
    "approvals": "what others must look at is not for one person to waive",
    "signature": "an artifact that nobody signed for may be anybody's",
    "freeze": "`/unfreeze` ends a freeze",
    "hold": "`/unhold` releases a hold",
    "health": "what was not seen healthy upstream goes no further",
}


def read_roles(reader: Reader, fields: Fields) -> Roles:
    """The roles of an environment; one that cannot be read is noted and left at its default."""
    if "roles" not in fields:
        return Roles()
    declared = reader.fields(fields["roles"].value, "`roles`", known=[role.value for role in Role])
    read = {name: access for name, entry in declared.items() if (access := _access(reader, entry)) is not None}
    return Roles.model_validate(read)


def _access(reader: Reader, entry: Entry) -> Access | None:
    text = reader.text(entry.value, entry.name)
    if text in _TOO_LOW:
        message = f"`{entry.name}` needs write access at least, and {text!r} is less"
        reader.refuse(entry.value, message, "`write`, `maintain` or `admin`")
        return None
    return None if text is None else reader.choice(entry.value, entry.name, Access)


def read_skippable(reader: Reader, fields: Fields) -> tuple[Skippable, ...]:
    """The gates that may be waived; an empty list lets none be."""
    if "skippable" not in fields:
        return _DEFAULT
    found: list[Skippable] = []
    for text, node in reader.texts(fields["skippable"].value, "`skippable`"):
        if text in _NEVER:
            reader.refuse(node, f"`{text}` can never be skipped: {_NEVER[text]}", f"the list without `{text}`")
        elif (gate := reader.choice(node, "a skippable gate", Skippable)) is not None:
            found.append(gate)
    return tuple(dict.fromkeys(found))
