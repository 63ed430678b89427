"""What owners do to a whole repository: rename it, archive it. Installed Apps are told.

https://docs.github.com/en/repositories/creating-and-managing-repositories/renaming-a-repository
"""

from sandbox.github import events
from sandbox.github.state import GitHub, Repository, User


def rename_repository(github: GitHub, repository: Repository, to: str, *, by: User) -> None:
    """Another name under the same owner. The old one leads here until another repository takes it."""
    before = repository.name
    github.former_names[repository.full_name.lower()] = repository.id
    repository.name = to
    changes = {"changes": {"repository": {"name": {"from": before}}}}
    events.emit(github, repository, "repository", by, changes, action="renamed")


def archive_repository(github: GitHub, repository: Repository, *, by: User) -> None:
    """Nobody writes to it any more."""
    repository.archived = True
    events.emit(github, repository, "repository", by, {}, action="archived")
