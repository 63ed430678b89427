"""A pipeline whose environments live in several repositories, each judged in the one it lives in. No I/O.

What people may do, who owns a path, which Applications follow a folder: all of that is of the repository written to. So
each environment is decided on with an observation that has *its* repository in the place of the pipeline's own.
"""

from collections.abc import Iterable
from dataclasses import replace

from bot.actions import Action, Ask, EnvironmentView
from bot.model import Observation, Place, Repository
from config.pipeline import CommandStyle, Emergency, Mode


def seen_from(seen: Observation, environment: str) -> Observation:
    """The observation as it looks from the repository that an environment lives in; the same one at home.

    Trees and comparisons are of the pipeline's own: only versions are promoted into other repositories.
    """
    there = seen.places[environment].elsewhere
    if there is None or there.repository is None:
        return seen
    name = there.repository.full_name
    roles = {login: known for (where, login), known in seen.roles_elsewhere.items() if where == name}
    return replace(
        seen,
        repository=there.repository,
        home=seen.repository,
        permissions={login: role for login, (role, _) in roles.items()},
        identities={login: person for login, (_, person) in roles.items()},
        rules={branch: known for (where, branch), known in seen.rules_elsewhere.items() if where == name},
    )


def asked_from(ask: Ask, there: Observation) -> Ask:
    """What is asked from there, saying whose people and whose branches are meant."""
    if there.home is None:
        return ask
    name = there.repository.full_name
    return replace(
        ask,
        permissions=frozenset(),
        roles_elsewhere=ask.roles_elsewhere | {(name, login) for login in ask.permissions},
        rules=frozenset(),
        rules_elsewhere=ask.rules_elsewhere | {(name, branch) for branch in ask.rules},
    )


def limited(mode: Mode, place: Place) -> Mode:
    """How far we may go in an environment: as far as both the pipeline's file and its own repository's let us."""
    ranks = list(Mode)
    return min(mode, place.elsewhere.mode, key=ranks.index) if place.elsewhere else mode


def spoken(style: CommandStyle, place: Place) -> CommandStyle:
    """How commands are written in an environment's pull requests: prefixed, if either file wants them so."""
    there = place.elsewhere.style if place.elsewhere else CommandStyle.PLAIN
    return style if there is CommandStyle.PLAIN else there


def urgent(emergency: Emergency | None, place: Place) -> Emergency | None:
    """How many people an emergency takes in an environment: as many as both files ask, and none where one has none."""
    if place.elsewhere is None:
        return emergency
    there = place.elsewhere.emergency
    return max(emergency, there, key=lambda one: one.people) if emergency and there else None


def by_repository(actions: Iterable[tuple[Repository, Action]]) -> dict[str, tuple[Action, ...]]:
    """The actions by the full name of the repository they are for, in their order."""
    found: dict[str, tuple[Action, ...]] = {}
    for repository, action in actions:
        found[repository.full_name] = (*found.get(repository.full_name, ()), action)
    return found


def shown_at(view: EnvironmentView, place: Place) -> EnvironmentView:
    """The view, saying where its pull request is."""
    there = place.elsewhere.repository if place.elsewhere else None
    return replace(view, repository=there.full_name) if there else view
