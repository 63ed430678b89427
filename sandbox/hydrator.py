"""Argo CD's source hydrator, as far as it shows in a repository: what it pushes for one environment and dry commit.

https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/
"""

import json
from collections.abc import Mapping

from sandbox.github import refs
from sandbox.github.git import RefChange, Signature
from sandbox.github.state import ZEROS, GitHub, Repository, User

NOTES = "refs/notes/hydrator.metadata"
_METADATA = "hydrator.metadata"


def hydrate(
    github: GitHub, repository: Repository, branch: str, *, dry: str, manifests: Mapping[str, str], by: User
) -> str:
    """Push what a dry commit comes to; the commit that holds it.

    `manifests`: folder → text of its `manifest.yaml`. Where no manifest differs from what the branch has, no commit is
    made: a note on the newest says that this dry commit, too, comes to it.
    """
    metadata = json.dumps({"repoURL": f"https://github.com/{repository.full_name}", "drySha": dry}, indent=2)
    files = {_METADATA: metadata}
    for folder, text in manifests.items():
        files[f"{folder}/manifest.yaml"] = text
        files[f"{folder}/{_METADATA}"] = metadata
        files[f"{folder}/README.md"] = f"# Manifest Hydration\n\nmade of {dry}\n"
    tip = repository.branch(branch)
    standing = _manifests(repository, tip) if tip else None
    made = {path: text for path, text in files.items() if path.endswith("/manifest.yaml")}
    commit = tip if tip is not None and standing == made else push(github, repository, branch, files, by=by)
    note(github, repository, commit, json.dumps({"drySha": dry}), by=by)
    return commit


def push(github: GitHub, repository: Repository, branch: str, files: Mapping[str, str], *, by: User) -> str:
    """A commit on a branch that holds these files and nothing else; the branch has no other history at first."""
    git = repository.git
    tip = repository.branch(branch)
    tree = git.edit_tree(None, {path: ("100644", git.write("blob", text.encode())) for path, text in files.items()})
    who = refs.signature(github, by)
    sha = git.write_commit(tree, [tip] if tip else [], "[Argo CD] hydrate", author=who, committer=who)
    refs.move(github, repository, by, [RefChange(f"refs/heads/{branch}", sha, tip or ZEROS)])
    return sha


def note(github: GitHub, repository: Repository, commit: str, text: str, *, by: User) -> None:
    """A note on a commit, over the one that it has. GitHub tells nobody of a push to notes."""
    git = repository.git
    before = git.refs.get(NOTES)
    tree = git.edit_tree(
        git.commit(before).tree if before else None, {commit: ("100644", git.write("blob", text.encode()))}
    )
    who: Signature = refs.signature(github, by)
    sha = git.write_commit(tree, [before] if before else [], "Notes added", author=who, committer=who)
    git.update_refs([RefChange(NOTES, sha, before or ZEROS)])


def _manifests(repository: Repository, commit: str) -> dict[str, str]:
    git = repository.git
    held = git.files(git.commit(commit).tree)
    return {path: git.blob(entry.sha).decode() for path, entry in held.items() if path.endswith("/manifest.yaml")}
