"""What promotions say in the users' own words: `templates`, read. No I/O."""

from config.checks import Checks
from config.pipeline import TemplateKind, Templates
from config.reading import Entry, Reader, Section

_KEYS = ("title", "body", "commit", "labels", "sign_off")
_MOST_LABELS = 20
_LONGEST_LABEL = 50
_OURS = "caisson/"


def read_templates(reader: Reader, entry: Entry, checks: Checks) -> Templates:
    """The templates; parts that cannot be read are noted and left out."""
    section = Section(reader, "`templates`", reader.fields(entry.value, "`templates`", known=_KEYS))
    title, body, commit = (
        _text(section, kind, checks) for kind in (TemplateKind.TITLE, TemplateKind.BODY, TemplateKind.COMMIT)
    )
    signed = reader.flag(section.fields["sign_off"].value, "sign_off") if "sign_off" in section.fields else False
    return Templates(
        title=title,
        body=body,
        commit=commit,
        labels=_labels(section),
        sign_off=bool(signed),
    )


def _text(section: Section, kind: TemplateKind, checks: Checks) -> str | None:
    return section.judged(kind.value, lambda text: checks.check_template(text, kind))


def _labels(section: Section) -> tuple[str, ...]:
    if "labels" not in section.fields:
        return ()
    reader, node = section.reader, section.fields["labels"].value
    labels: dict[str, str] = {}
    texts = reader.texts(node, "`labels`")
    for text, item in texts:
        if reader.judged(item, "an item of `labels`", _check_label) is None:
            continue
        # GitHub knows labels whatever their case.
        if text.lower() in labels:
            reader.refuse(item, f"the label {text!r} stands here a second time", "each label once")
        labels[text.lower()] = text
    if len(texts) > _MOST_LABELS:
        reader.refuse(node, f"{len(texts)} labels are too many for one pull request", f"at most {_MOST_LABELS}")
    return tuple(labels.values())[:_MOST_LABELS]


def _check_label(text: str) -> None:
    if text.lower().startswith(_OURS):
        raise ValueError(f"labels that begin with {_OURS} are Caisson's own")
    if len(text) > _LONGEST_LABEL:
        raise ValueError(f"a label has at most {_LONGEST_LABEL} characters, this one has {len(text)}")
    if not text.isprintable() or text != text.strip():
        raise ValueError("a label is one line of printable characters, without spaces around it")
