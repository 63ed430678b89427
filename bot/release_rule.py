"""When several artifacts make a release together: `release.when`, a rule in CEL over their tags. No I/O.

The language: github.com/google/cel-spec, "langdef". Each field of each artifact is declared as a variable of its own
with a dotted name (langdef, "Name Resolution"), so that a misspelt field or a comparison of a tag with a number is
refused when the rule is read, and a field that an artifact lacks is an error, which waits, and not an empty value.
"""

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from cel_expr_python import cel

from bot.cel_text import Failure, RuleError, check_truth, said_of
from bot.model import Artifact, Digest, Unknown
from bot.precedence import Version, parse_version
from bot.rule_problems import NUMBERS, TEXTS, check_text, is_bare, refused

_TYPES = dict.fromkeys(TEXTS, cel.Type.STRING) | dict.fromkeys(NUMBERS, cel.Type.INT)
_LONGEST_SHOWN = 200
# CEL's numbers have 64 bits and a sign.
_LARGEST = 2**63 - 1
_MOST_CHOICES = 10
_MOST_COMBINATIONS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    """What is known of an artifact that might be taken."""

    tag: str
    repository: str | None
    digest: str | None


_SAMPLE = _Offer(tag="1.2.3-rc.4", repository="registry.example/app", digest=f"sha256:{'0' * 64}")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that has been checked. `names`: the artifacts it may speak of, all of which must be there to judge it."""

    text: str
    names: tuple[str, ...]
    expression: cel.Expression

    @property
    def reads_digests(self) -> bool:
        """Whether digests may matter to it; else nobody needs to ask the registry for them."""
        return "digest" in self.text

    def refusal(self, artifacts: Mapping[str, Artifact]) -> str | None:
        """None where the rule holds; else why the release waits, fit to be shown. What cannot be judged waits."""
        missing = [name for name in self.names if name not in artifacts]
        if missing:
            return f"the release rule waits for {', '.join(missing)}"
        taken = {name: artifacts[name] for name in self.names}
        said = _judge(self, {n: _Offer(tag=a.tag, repository=a.repository, digest=a.digest) for n, a in taken.items()})
        shown = f"the release rule {' '.join(self.text.split())[:_LONGEST_SHOWN]}"
        match said:
            case True:
                return None
            case False:
                return f"{shown} does not hold for {', '.join(f'{name} {a.tag}' for name, a in taken.items())}"
            case reason:
                return f"{shown} cannot be judged: {reason}"


def compile_rule(text: str, names: Collection[str]) -> Rule:
    """Read and type-check a rule over the artifacts of these names; raises RuleError.

    An artifact has `tag`, `digest`, `repository` and, where its tag is a version, `version.major`, `.minor`, `.patch`
    and `.prerelease`: as `web.tag`, or as `artifacts['api-v2'].tag` where its name is no identifier or reserved.
    """
    check_text(text, names)
    variables = {f"{name}.{field}": kind for name in names if is_bare(name) for field, kind in _TYPES.items()}
    record = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    variables["artifacts"] = cel.Type.Map(cel.Type.STRING, record)
    try:
        expression = cel.NewEnv(variables=variables).compile(text)
    except RuntimeError as error:
        raise refused(str(error), text, names) from error
    check_truth(expression, text)
    rule = Rule(text, tuple(names), expression)
    # A trial: what fails whatever the tags are is refused at once.
    said = said_of(expression, _facts(rule, dict.fromkeys(names, _SAMPLE)))
    if isinstance(said, Failure) and said.hopeless:
        raise RuleError(said.reason, text=text)
    return rule


def matching(
    rule: Rule,
    choices: Mapping[str, Sequence[str]],
    *,
    repositories: Mapping[str, str],
    digests: Mapping[tuple[str, str], Digest | Unknown | None],
) -> dict[str, str] | None:
    """The newest tags that together satisfy the rule, by artifact; None where none of those tried do.

    `choices`: the tags each artifact might take, newest first; the first ten count. Of two combinations the newer is
    the one whose furthest step back is shorter, then the one with fewer steps in all. At most 300 are tried, those with
    one tag throughout among them, since that is what most rules ask for. `digests` is by repository and tag, as
    observed; a rule that reads one which is not known is not satisfied.
    """
    names = rule.names
    offers = [
        [_offer(tag, repositories.get(name), digests) for tag in choices.get(name, ())[:_MOST_CHOICES]]
        for name in names
    ]
    if not names or not all(offers):
        return None
    for steps in _tried([[offer.tag for offer in some] for some in offers]):
        taken = {name: some[step] for name, some, step in zip(names, offers, steps, strict=True)}
        if _judge(rule, taken) is True:
            return {name: offer.tag for name, offer in taken.items()}
    return None


# --- judging ----------------------------------------------------------------------------------------------------------


def _judge(rule: Rule, offers: Mapping[str, _Offer]) -> bool | str:
    """What the rule says, or why it says nothing."""
    said = said_of(rule.expression, _facts(rule, offers))
    if not isinstance(said, Failure):
        return said
    if said.absent is not None:
        name, _, field = said.absent.partition(".")
        return _absent(name, field, offers)
    if said.key is not None:
        return "a tag is not a version" if said.key == "version" else f"there is no {said.key}"
    return said.reason


def _facts(rule: Rule, offers: Mapping[str, _Offer]) -> dict[str, object]:
    """What the rule is judged on: a search judges hundreds of times, so what it does not mention is left out."""
    known: dict[str, object] = {}
    records: dict[str, dict[str, object]] = {}
    for name, offer in offers.items() if "artifacts" in rule.text else ():
        records[name] = _record(_fields(offer))
    for name, offer in offers.items():
        if name in rule.text and is_bare(name):
            known |= {f"{name}.{field}": value for field, value in _fields(offer).items()}
    return {**known, "artifacts": records}


def _fields(offer: _Offer) -> dict[str, object]:
    """By dotted name; what is not known is left out."""
    fields: dict[str, object] = {"tag": offer.tag, "repository": offer.repository, "digest": offer.digest}
    version = parse_version(offer.tag)
    if version is not None and max(version.numbers) <= _LARGEST:
        fields |= zip(NUMBERS, version.numbers, strict=True)
        fields["version.prerelease"] = _prerelease(version)
    return {field: value for field, value in fields.items() if value is not None}


def _record(fields: Mapping[str, object]) -> dict[str, object]:
    """The same, nested, as `artifacts[…]` has them."""
    record = {field: value for field, value in fields.items() if "." not in field}
    version = {field.partition(".")[2]: value for field, value in fields.items() if "." in field}
    return record | ({"version": version} if version else {})


def _prerelease(version: Version) -> str:
    return ".".join(word or str(number) for _, number, word in version.prerelease)


def _absent(name: str, field: str, offers: Mapping[str, _Offer]) -> str:
    tag = offers[name].tag if name in offers else "?"
    if field.startswith("version"):
        return f"the tag {tag} of {name} is not a version, so {name}.{field} says nothing"
    return f"the {field} of {name} {tag} is not known"


def _offer(tag: str, repository: str | None, digests: Mapping[tuple[str, str], Digest | Unknown | None]) -> _Offer:
    digest = digests.get((repository, tag)) if repository is not None else None
    return _Offer(tag=tag, repository=repository, digest=None if isinstance(digest, Unknown) else digest)


# --- searching --------------------------------------------------------------------------------------------------------


def _tried(tags: Sequence[Sequence[str]]) -> list[tuple[int, ...]]:
    """How far each artifact steps back, newest combination first."""
    common = [tag for tag in tags[0] if all(tag in some for some in tags)]
    aligned = {tuple(some.index(tag) for some in tags) for tag in common}
    first = islice(_newest_first([len(some) for some in tags]), _MOST_COMBINATIONS - len(aligned))
    return sorted({*first, *aligned}, key=_age)


def _age(steps: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
    return max(steps), sum(steps), steps


def _newest_first(lengths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every combination, by age: one step further back is never newer."""
    start = (0,) * len(lengths)
    seen = {start}
    waiting = [(_age(start), start)]
    while waiting:
        _, steps = heapq.heappop(waiting)
        yield steps
        for index, step in enumerate(steps):
            further = (*steps[:index], step + 1, *steps[index + 1 :])
            if step + 1 < lengths[index] and further not in seen:
                seen.add(further)
                heapq.heappush(waiting, (_age(further), further))
