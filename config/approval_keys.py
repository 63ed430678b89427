"""Reading `approvals`: a group of people, or a combination of groups, each held against its own rules. No I/O."""

import re

from config.approvals import DEEPEST, MOST_APPROVALS, Approvals, LeastAccess
from config.reading import Fields, Reader
from config.yaml_text import Node, Sequence, resolved

_GROUP = ("count", "users", "teams", "permission", "codeowners")
_COMBINED = ("all_of", "any_of")
# Logins have hyphens, and an underscore where an enterprise manages them. A team's slug is what its address shows.
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_TEAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,59}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_MOST_GROUPS = 10


def read_approvals(reader: Reader, node: Node, *, depth: int = 1) -> Approvals:
    """What is declared; parts that cannot be read are noted and left at their defaults."""
    what = "`approvals`" if depth == 1 else "a group of `approvals`"
    fields = reader.fields(node, what, known=(*_GROUP, *_COMBINED))
    combined = [key for key in _COMBINED if key in fields]
    if not combined:
        return _group(reader, fields)
    for key in fields:
        if key not in combined[:1]:
            message = f"`{key}` stands beside `{combined[0]}`, which takes whole groups"
            reader.refuse(fields[key].key, message, f"a group of `{combined[0]}` that says `{key}`")
    if depth == DEEPEST:
        message = f"groups of approvals stand in each other at most {DEEPEST} deep"
        reader.refuse(fields[combined[0]].key, message, "fewer levels")
        return Approvals()
    return _combination(reader, fields, combined[0], depth=depth)


def _combination(reader: Reader, fields: Fields, key: str, *, depth: int) -> Approvals:
    nodes = reader.sequence(fields[key].value, f"`{key}`")
    if not nodes or len(nodes) > _MOST_GROUPS:
        reader.refuse(fields[key].value, f"`{key}` has {len(nodes)} groups", f"1 to {_MOST_GROUPS} groups")
        return Approvals()
    groups = tuple(read_approvals(reader, node, depth=depth + 1) for node in nodes)
    return Approvals(all_of=groups) if key == "all_of" else Approvals(any_of=groups)


def _group(reader: Reader, fields: Fields) -> Approvals:
    count: int | None = 1
    if "count" in fields:
        count = reader.integer(fields["count"].value, "count", low=1, high=MOST_APPROVALS)
    users = _users(reader, fields)
    teams = _teams(reader, fields)
    if users and "teams" not in fields and (count or 1) > len({user.lower() for user in users}):
        message = f"{count} approvals are required, of fewer users"
        reader.refuse(fields["users"].value, message, f"at least {count} users, or a lower `count`")
    permission = None
    if "permission" in fields:
        permission = reader.choice(fields["permission"].value, "permission", LeastAccess)
    owners = reader.flag(fields["codeowners"].value, "codeowners") if "codeowners" in fields else False
    return Approvals(
        count=count or 1,
        users=users,
        teams=teams,
        permission=permission or LeastAccess.WRITE,
        codeowners=bool(owners),
    )


def _users(reader: Reader, fields: Fields) -> tuple[str, ...]:
    users = reader.texts(fields["users"].value, "`users`") if "users" in fields else ()
    for user, node in users:
        if "/" in user:
            reader.refuse(node, f"{user!r} is a team, not a login", f"`teams: [{user.lstrip('@')}]`")
        elif not _LOGIN.fullmatch(user):
            reader.refuse(node, f"{user!r} is not a GitHub login", f"`{user.lstrip('@')}`" if "@" in user else None)
    _refuse_nobody(reader, fields, "users")
    return tuple(user for user, _ in users)


def _teams(reader: Reader, fields: Fields) -> tuple[str, ...]:
    teams = reader.texts(fields["teams"].value, "`teams`", filled=True) if "teams" in fields else ()
    for team, node in teams:
        if not _TEAM.fullmatch(team):
            better = team.lstrip("@") if _TEAM.fullmatch(team.lstrip("@")) else "organisation/team"
            message = f"{team!r} is not a team: it is written with its organisation, as its address shows it"
            reader.refuse(node, message, f"`{better}`")
    _refuse_nobody(reader, fields, "teams")
    return tuple(team for team, _ in teams)


def _refuse_nobody(reader: Reader, fields: Fields, key: str) -> None:
    """An empty list would not mean nobody, but everybody."""
    listed = resolved(fields[key].value) if key in fields else None
    if isinstance(listed, Sequence) and not listed.items:
        reader.refuse(fields[key].value, f"`{key}` names nobody", f"a name, or remove `{key}`")
