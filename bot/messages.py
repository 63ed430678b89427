"""Every title, body, comment and summary that a person reads on GitHub. No I/O; gates word their own reasons."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.actions import CheckText, Outcome, Verdict
from bot.model import CheckStatus, Release
from config.pipeline import Environment, Pipeline

GATES = "caisson/gates"
CONFIG = "caisson/config"
# GitHub refuses a comment of more characters than these.
LONGEST_COMMENT = 65_536
_FENCE = "```"
_CUT = "\n\nThe rest was cut off: GitHub takes no longer text."
STICKY = "<!-- caisson:hold "
# Who holds where nobody does: `on_degraded: hold`. No login has an underscore at its place.
NOBODY = "on_degraded"
UNINVITED = "<!-- caisson:uninvited -->"
_MARKS = {Outcome.PASS: "✅", Outcome.WAIT: "⏳", Outcome.BLOCK: "⛔"}


def plain(text: str) -> str:
    """Somebody else's words, made harmless in our Markdown: one line, no table, HTML, mention or link of theirs."""
    return cell(text[:300].replace("`", "'"))


def promotion_title(pipeline: Pipeline, environment: Environment, release: Release) -> str:
    return f"Promote {pipeline.name} {release.label} to {environment.name}"[:250].strip()


def rollback_title(pipeline: Pipeline, environment: Environment, release: Release) -> str:
    return f"Roll back {pipeline.name} to {release.label} in {environment.name}"[:250].strip()


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    rows = "\n".join(f"| {_mark(v)} | {v.gate} | {cell(v.reason)} |" for v in verdicts)
    return f"| | Gate | Says |\n|---|---|---|\n{rows}"


def _mark(verdict: Verdict) -> str:
    """Red where a gate was skipped: it is open, and did not pass."""
    return "🔴" if verdict.skipped_by else _MARKS[verdict.outcome]


def code(text: str) -> str:
    """Somebody's short text as a code span that stays one, in a table too."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', '¦')}`"


def clipped(text: str, *, most: int = LONGEST_COMMENT) -> str:
    """Our Markdown, whole where it is no longer than `most` characters; else as many of its lines as fit, and a word.

    Tables lose whole rows, and a fence that was open is closed.
    """
    if len(text) <= most:
        return text
    kept: list[str] = []
    room = most - len(_CUT) - len(_FENCE) - 1
    for line in text.split("\n"):
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    if sum(line.lstrip().startswith(_FENCE) for line in kept) % 2:
        kept.append(_FENCE)
    return "\n".join(kept) + _CUT


def cell(text: str) -> str:
    """A reason, in which others' words may stand (a cluster's message, an author's name): no markup but code spans."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = re.sub(r"([\\*_\[\]|~])", r"\\\1", line)
    # A zero-width space keeps GitHub from linking people, issues and addresses.
    return re.sub(r"([@#]|://|www\.|GH-)", "\\1\u200b", line)


def gates_check(
    pipeline: Pipeline, environment: Environment, release: Release, verdicts: Sequence[Verdict], *, heading: str = ""
) -> CheckText:
    """`caisson/gates` on a promotion's head: success when all pass, else in progress; waiting is never red.

    `heading`: what it is about, where that is not simply the promotion of `release`.
    """
    open_ones = [v for v in verdicts if v.outcome is not Outcome.PASS]
    # Teams are named as people know them, without calling them each time that the check changes.
    title = f"{open_ones[0].gate}: {open_ones[0].reason}"[:200] if open_ones else "every gate passes"
    title = title.replace("@", "@\u200b")
    about = heading or promotion_title(pipeline, environment, release)
    summary = f"{about}\n\n{verdict_table(verdicts)}\n"
    status = CheckStatus.IN_PROGRESS if open_ones else CheckStatus.COMPLETED
    conclusion = None if open_ones else "SUCCESS"
    return check_text(
        GATES, f"{pipeline.name}/{environment.name}", title, summary, status=status, conclusion=conclusion
    )


def pull_check(judged: Sequence[tuple[int, Sequence[Verdict]]]) -> CheckText:
    """`caisson/gates` on the head of pull requests that are no promotions, by number: mostly one.

    A check run is of a commit, so it says success only if all pass that propose this very commit.
    """
    verdicts = [
        replace(verdict, gate=f"#{number} {verdict.gate}") if len(judged) > 1 else verdict
        for number, said in judged
        for verdict in said
    ]
    open_ones = [v for v in verdicts if v.outcome is not Outcome.PASS]
    said = [f"{v.gate}: {v.reason}" for v in open_ones[:1]] or list(dict.fromkeys(v.reason for v in verdicts))
    title = "; ".join(said)[:200].replace("@", "@\u200b").replace("`", "")
    summary = f"No promotion of ours: what people change themselves.\n\n{verdict_table(verdicts)}\n"
    status = CheckStatus.IN_PROGRESS if open_ones else CheckStatus.COMPLETED
    conclusion = None if open_ones else "SUCCESS"
    return check_text(GATES, "pull", title, summary, status=status, conclusion=conclusion)


def check_text(
    name: str, subject: str, title: str, summary: str, *, status: CheckStatus, conclusion: str | None
) -> CheckText:
    """A check run whose external id ends in a hash of what it says."""
    said = hashlib.sha256("\0".join([title, summary, status, conclusion or ""]).encode()).hexdigest()[:12]
    return CheckText(
        name=name,
        external_id=f"v1:{name}:{subject}:{said}",
        status=status,
        conclusion=conclusion,
        title=title,
        summary=clipped(summary, most=60_000),
    )


def config_check(problems: Sequence[str], *, unapproved: Sequence[str] = (), left_out: Sequence[str] = ()) -> CheckText:
    """`caisson/config` on the commit that brought the file.

    `unapproved`: environments that were not asked first. `left_out`: folders that have no pipeline, and why.
    """
    without = f"changed without the approvals of {', '.join(unapproved)}"
    changed = f"It was changed without the approvals that were declared for {', '.join(unapproved)}."
    if not problems and left_out:
        more = f"\n\n{changed}" if unapproved else ""
        summary = f"{_listed(left_out)}\n\nThe file is valid, and all other pipelines go on.{more}"
        title = f"{without}; {left_out[0]}" if unapproved else left_out[0]
        return check_text(CONFIG, "file", title[:200], summary, status=CheckStatus.COMPLETED, conclusion="FAILURE")
    if not problems:
        title, summary = "the file is valid", "Caisson reads it as meant."
        if unapproved:
            title = f"valid, but {without}"[:200]
            summary += f" {changed}"
        return check_text(
            CONFIG,
            "file",
            title,
            summary,
            status=CheckStatus.COMPLETED,
            conclusion="SUCCESS",
        )
    summary = (
        f"{_listed(problems)}\n\n"
        "Until this is mended nothing is merged; what the last valid revision declares is still shown."
    )
    return check_text(CONFIG, "file", problems[0][:200], summary, status=CheckStatus.COMPLETED, conclusion="FAILURE")


def _listed(problems: Sequence[str]) -> str:
    return "\n".join(f"- `{' '.join(p.split()).replace('`', chr(39))}`" for p in problems)


def hold_comment(login: str, person: int, reason: str) -> str:
    """The one sticky comment: who holds and why. Its marker is read back, while nobody else has edited it."""
    marker = json.dumps({"by": login, "id": person, "reason": reason}, separators=(",", ":")).replace(">", "\\u003e")
    why = f": {plain(reason)}" if reason else "."
    ends = "`/unhold` by the holder, or anyone with write, releases it."
    return f"{STICKY}{marker} -->\n⛔ **Held** by {plain(login)}{why}\n\n{ends}"


def degraded_hold_comment(reason: str) -> str:
    """The same comment where `on_degraded: hold` holds: nobody is its holder."""
    said = {"by": NOBODY, "id": None, "reason": reason}
    marker = json.dumps(said, separators=(",", ":")).replace(">", "\\u003e")
    ends = "`/unhold` by anyone with write lets this promotion through: it may be the fix."
    return f"{STICKY}{marker} -->\n⛔ **Held**: {plain(reason)}\n\n{ends}"


def released_comment(login: str) -> str:
    return f"{STICKY}{{}} -->\nNo longer held: released by {plain(login)}."


def closed_marker(at: datetime) -> str:
    """By which our comment on a closed pull request is found again: it is of the closing at that moment."""
    return f"<!-- caisson:closed {at:%Y-%m-%dT%H:%M:%SZ} -->"


def closed_comment(login: str, release: Release, environment: str, *, at: datetime) -> str:
    """What closing a promotion came to, said once; it keeps that whoever closed had write access."""
    name = code(release.label)
    back = f"Reopening takes it back; so does `/promote {environment} version={release.label}`."
    stays = f"{plain(login)} closed this: {name} stays out of {environment} until a newer release."
    return f"{closed_marker(at)}\n{stays} {back}"


def uninvited_comment(names: Sequence[str]) -> str:
    """Who is named in the declaration, or wrote what is promoted, and cannot be asked. Said once."""
    listed = ", ".join(plain(name) for name in names)
    return f"{UNINVITED}\nGitHub does not let this be asked of {listed}: only collaborators of this repository can be."


def reply_marker(subject: str) -> str:
    return f"<!-- caisson:reply {subject} -->"


def status_reply(
    pipeline: Pipeline,
    environment: Environment,
    release: Release,
    verdicts: Sequence[Verdict],
    now: datetime,
    *,
    heading: str = "",
) -> str:
    when = now.strftime("%Y-%m-%d %H:%M UTC")
    about = heading or promotion_title(pipeline, environment, release)
    return f"**{about}**, as of {when}:\n\n{verdict_table(verdicts)}"
