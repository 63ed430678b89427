"""Our head as it is to be: whether it must be made, what it says, what the gates will say of it. No I/O."""

from collections.abc import Mapping

from bot import promotion_text
from bot.actions import (
    Copy,
    Edits,
    Outcome,
    Propose,
    Verdict,
)
from bot.content import branch_name, judge_head, stale
from bot.directing import is_directed, voucher
from bot.first_proposal import sealed
from bot.gates.verdicts import blocks
from bot.judgement import Case, foreseen, waiting_for
from bot.merge_queue import left
from bot.messages import gates_check
from bot.promotion_text import Promotion
from bot.steps import Step, view_of


def must_build(case: Case) -> bool:
    """Whether our head must be made (anew). A head with somebody else's commit is never overwritten: it blocks."""
    if case.pull is None:
        return True
    if (
        case.head is None
        or case.head.sha != case.pull.head
        or judge_head(case.pull, case.head).outcome is Outcome.BLOCK
    ):
        return False
    if isinstance(case.wish.content, Edits) and case.pull.changed is None:
        # GitHub did not name all the changed files: more than we ever change, or not read; nothing to build on.
        return False
    files = case.seen.places[case.environment.name].head_files
    if not is_directed(case.pull, case.head, case.directed):
        return True
    return stale(case.wish, case.head, case.release, base=case.base, pull=case.pull, files=files)


def propose(case: Case) -> Step:
    environment, release = case.environment, case.release
    standing = case.standings[environment.name]
    head = case.head
    merged = {m.head.sha for m in case.seen.places[environment.name].merged if m.head is not None}
    # Somebody's commit that was merged with our pull request is lost to nobody.
    if case.pull is None and head is not None and not head.by_us and head.sha not in merged:
        branch = branch_name(case.pipeline, environment)
        reason = f"{head.author} pushed {head.sha[:7]} onto our branch {branch}; delete that branch"
        return Step(view=view_of(environment, standing, waiting=reason), verdicts=(blocks("head", reason),))
    if out := left(case.pull):
        # GitHub may keep the branch from moving while the queue has it.
        reason = "taken out of GitHub's merge queue: the head must be made anew"
        return Step(view=view_of(environment, standing, waiting=reason, pull=case.pull), actions=out)
    verdicts = foreseen(case)
    view = view_of(
        environment, standing, waiting=waiting_for(verdicts), proposed=release, pull=case.pull, verdicts=verdicts
    )
    return Step(view=view, actions=(proposal(case, verdicts),), verdicts=verdicts)


def proposal(case: Case, verdicts: tuple[Verdict, ...]) -> Propose:
    """Our head as it is to be, with its pull request and its check."""
    pipeline, environment = case.pipeline, case.environment
    told = told_of(case)
    content = case.wish.content
    blobs: Mapping[str, str | None] = content.after if isinstance(content, Copy) else case.wish.blobs
    base: Mapping[str, str | None] = content.before if isinstance(content, Copy) else case.wish.base
    return Propose(
        environment=environment.name,
        branch=branch_name(pipeline, environment),
        base_branch=case.base.branch,
        parent=content.parent if isinstance(content, Copy) else case.base.tip,
        head_before=case.head.sha if case.head else None,
        content=content,
        message=promotion_text.commit_message(told, blobs=blobs, base=base),
        title=promotion_text.title(told),
        body=promotion_text.body(told, verdicts),
        pull=case.pull,
        check=sealed(
            gates_check(pipeline, environment, case.release, verdicts, heading=heading(case)), case.release.proposed
        ),
        voucher=voucher(case.directed, case.release) if case.directed else None,
    )


def told_of(case: Case) -> Promotion:
    """The promotion as its pull request tells of it."""
    return Promotion(
        pipeline=case.pipeline,
        environment=case.environment,
        release=case.release,
        active=case.standings[case.environment.name].active,
        templates=case.templates,
        details=case.seen.details,
        signatures=case.seen.signatures,
        picks=case.picks,
        notes=case.notes,
        signer=case.seen.signer,
        style=case.style,
        directed=case.directed,
        home=case.seen.home.full_name if case.seen.home else "",
    )


def heading(case: Case) -> str:
    """What is about to happen, in our own words."""
    return promotion_text.heading(told_of(case))
