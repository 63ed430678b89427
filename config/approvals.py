"""Who must approve before a release enters an environment: the model of `approvals`. No I/O."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

MOST_APPROVALS = 20
DEEPEST = 3


class LeastAccess(StrEnum):
    """The access that an approver must have at least, as GitHub names roles."""

    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"


class Approvals(BaseModel):
    """Who must approve of exactly the head that is merged: a group of people, or a combination of such groups.

    A group: `count` different people with at least `permission` access, of `users` or members of `teams` (`org/slug`)
    where either is given. `codeowners`: besides, an owner of each changed path that has owners, by the CODEOWNERS file
    of the environment's branch; an owner needs write access, or `permission` where that is more.

    A combination: every group of `all_of`, or one group of `any_of`; nothing else stands beside them. Whoever belongs
    to several groups counts in each: where two people are wanted whatever their groups, add `{count: 2}` to `all_of`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(default=1, ge=1, le=MOST_APPROVALS)
    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    permission: LeastAccess = LeastAccess.WRITE
    codeowners: bool = False
    all_of: tuple["Approvals", ...] = ()
    any_of: tuple["Approvals", ...] = ()

    @property
    def groups(self) -> tuple["Approvals", ...]:
        """The groups of people it is made of; itself where it is one."""
        parts = self.all_of or self.any_of
        return tuple(group for part in parts for group in part.groups) if parts else (self,)

    @property
    def reads_owners(self) -> bool:
        return any(group.codeowners for group in self.groups)

    @property
    def least_access(self) -> LeastAccess:
        """What the least of its groups asks for: whoever has less approves of nothing."""
        ranks = list(LeastAccess)
        return min((group.permission for group in self.groups), key=ranks.index)
