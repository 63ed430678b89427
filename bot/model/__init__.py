"""Facts, as the core sees them: what GitHub, the registry and the cluster said, with trust already established.

No I/O. Readers (`bot.github.read`, `bot.registry`, `bot.cluster`) turn JSON into these types; whatever is not provably
ours (a deployment or check run of somebody else) never becomes one of "our" records. What could not be learnt is
`Unknown`, never a default: every gate reads it as *wait*.
"""

from bot.model.cluster import Application, Source
from bot.model.github import (
    HISTORY_READ,
    Actor,
    ActorKind,
    Base,
    Check,
    CheckStatus,
    Comment,
    Commit,
    Configured,
    Conversation,
    File,
    ForeignCheck,
    Forum,
    How,
    Labelling,
    Merged,
    Permission,
    PullRequest,
    Record,
    RecordState,
    RecordStatus,
    Repository,
    Review,
    ReviewState,
)
from bot.model.issues import IssueChange, IssueEvent, Issues, OurIssue
from bot.model.observation import Observation, Place
from bot.model.registry import ImageDetails, Signature, SignatureMaterial, SimpleSigning, Tags
from bot.model.releases import Artifact, Digest, Release, ReleaseStatus, Sha, Unknown, short_digest

__all__ = [
    "HISTORY_READ",
    "Actor",
    "ActorKind",
    "Application",
    "Artifact",
    "Base",
    "Check",
    "CheckStatus",
    "Comment",
    "Commit",
    "Configured",
    "Conversation",
    "Digest",
    "File",
    "ForeignCheck",
    "Forum",
    "How",
    "ImageDetails",
    "IssueChange",
    "IssueEvent",
    "Issues",
    "Labelling",
    "Merged",
    "Observation",
    "OurIssue",
    "Permission",
    "Place",
    "PullRequest",
    "Record",
    "RecordState",
    "RecordStatus",
    "Release",
    "ReleaseStatus",
    "Repository",
    "Review",
    "ReviewState",
    "Sha",
    "Signature",
    "SignatureMaterial",
    "SimpleSigning",
    "Source",
    "Tags",
    "Unknown",
    "short_digest",
]
