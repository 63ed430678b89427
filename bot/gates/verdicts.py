"""Folding verdicts: the worst wins, every reason is kept. No I/O."""

from collections.abc import Iterable

from bot.actions import Outcome, Verdict

_RANK = {Outcome.PASS: 0, Outcome.WAIT: 1, Outcome.BLOCK: 2}


def worst(verdicts: Iterable[Verdict]) -> Outcome:
    """PASS only if every verdict passes. Nothing declared passes; each caller makes sure that something is."""
    return max((v.outcome for v in verdicts), key=_RANK.__getitem__, default=Outcome.PASS)


def passed(gate: str, reason: str) -> Verdict:
    return Verdict(gate=gate, outcome=Outcome.PASS, reason=reason)


def waits(gate: str, reason: str) -> Verdict:
    return Verdict(gate=gate, outcome=Outcome.WAIT, reason=reason)


def blocks(gate: str, reason: str) -> Verdict:
    return Verdict(gate=gate, outcome=Outcome.BLOCK, reason=reason)
