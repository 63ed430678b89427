"""Properties of every format: the difference is exactly the intended scalars; setting back gives the same bytes."""

from dataclasses import dataclass

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bot.manifests.change import apply
from bot.manifests.reading import read_text
from bot.manifests.scalars import CannotEdit, plain_or_quoted
from bot.manifests.subject import Subject
from tests.unit.manifest_files import CHART, NEW, OLD, WEB, edit, stands

# Slots, for what stands there: PLAIN alone in an unquoted scalar, WITHIN quotes or a reference, DIGEST for digests.
PLAIN, WITHIN, DIGEST = "\0", "\1", "\2"

TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True) | st.sampled_from(
    ["1.20", "0x1F", "0o7", "1_000", "1e3", "yes", "No", "y", "NaN", "null", "2001-01-01", "0755", "1.", "12345678"]
)
CHART_VERSIONS = st.from_regex(r"v?[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(-rc\.[0-9])?(\+b[0-9])?", fullmatch=True)
COMMENTS = st.sampled_from(["", "", " # é 😀 tag: old", "\t# 'old", '  # "ghcr.io/org/app:old"'])
NOISE = st.sampled_from(["", "# tag: old", "  # é", "\t"])
SLOT = st.sampled_from([PLAIN, f"'{WITHIN}'", f'"{WITHIN}"'])
REFERENCE = st.sampled_from([f"{{}}:{WITHIN}", f"'{{}}:{WITHIN}'", f'"{{}}:{WITHIN}@{DIGEST}"', f"{{}}@{DIGEST}"])
APP = "ghcr.io/org/app"
ANY_TEXT = st.text(alphabet="ab:-{}[]&*!|>'\"#\n\r \t,?@%.", max_size=80)

Lines = list[tuple[int, str]]


@dataclass(frozen=True)
class Generated:
    """`slots`: the text with slots in it."""

    path: str
    slots: str
    subject: Subject = WEB

    def filled(self, *, plain: str, within: str, digest: str) -> str:
        return self.slots.replace(PLAIN, plain).replace(WITHIN, within).replace(DIGEST, digest)


@st.composite
def written(draw: st.DrawFn, lines: Lines) -> str:
    """The lines with some indentation, comments, noise between them, and some way of ending lines and the file."""
    width = draw(st.integers(1, 4))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    out: list[str] = []
    for level, line in lines:
        if draw(st.booleans()):
            # In a block less indented noise would end it.
            noise = draw(NOISE).strip()
            out.append(" " * width * level + noise if noise else "")
        # Behind an indicator libyaml takes no tab.
        comment = draw(COMMENTS) if line[-1] not in ":-" else draw(COMMENTS).replace("\t", " ")
        out.append(" " * width * level + line + comment)
    text = newline.join(out) + draw(st.sampled_from(["", newline, newline * 2]))
    return draw(st.sampled_from(["", "\ufeff"])) + text


def _kustomization(draw: st.DrawFn) -> Generated:
    lines: Lines = [(0, "resources: [old]"), (0, "images:")]
    for name in draw(st.lists(st.sampled_from([APP, "old", "ghcr.io/org/app-two"]), min_size=1, max_size=4)):
        ours = name == APP
        tag, other = draw(SLOT), draw(st.sampled_from(["old", "'old'", "1.20"]))
        if draw(st.booleans()):
            lines += [(1, "- # an entry"), (2, f"newName: {name}"), (2, "name: any")]
        else:
            lines += [(1, "-"), (2, f"name: {name}")]
        lines.append((2, f"newTag: {tag if ours else other}"))
        if draw(st.booleans()):
            lines.append((2, f"digest: '{DIGEST if ours else OLD}'"))
    lines.append((0, "labels: []"))
    return Generated("kustomization.yaml", draw(written(lines)))


def _values(draw: st.DrawFn) -> Generated:
    return Generated("values.yaml", draw(written(_values_lines(draw, level=0))))


def _values_lines(draw: st.DrawFn, *, level: int) -> Lines:
    lines: Lines = [(level, "old: old")]
    for number in range(draw(st.integers(1, 3))):
        lines.append((level, f"part{number}:"))
        tag = draw(SLOT)
        deeper = level + 1
        match draw(st.integers(0, 5)):
            case 0:
                lines += [(deeper, f"repository: {APP}"), (deeper, f"tag: {tag}")]
            case 1:
                lines += [(deeper, f"tag: {tag}"), (deeper, "registry: ghcr.io"), (deeper, "repository: org/app")]
            case 2:
                lines.append((deeper, f"image: {draw(REFERENCE).format(APP)}"))
            case 3:
                lines.append((deeper, f"{{image: {APP}, tag: {tag}, digest: {DIGEST}}}"))
            case 4:
                lines += [(deeper, f"- {{repository: {APP}, tag: '{WITHIN}@{DIGEST}'}}"), (deeper, "- tag: old")]
            case _:
                lines += [(deeper, "repository: ghcr.io/org/app-two"), (deeper, "tag: old")]
    return lines


def _manifests(draw: st.DrawFn) -> Generated:
    lines: Lines = []
    for number in range(draw(st.integers(1, 3))):
        lines += [
            (0, "---"),
            (0, "apiVersion: apps/v1"),
            (0, "kind: Deployment"),
            (0, f"metadata: {{name: o{number}}}"),
        ]
        lines += [(0, "spec:"), (1, "template:"), (2, "spec:")]
        lines.append((3, draw(st.sampled_from(["containers:", "initContainers:", "ephemeralContainers:"]))))
        for image in draw(st.lists(st.sampled_from([APP, f"{APP}-two"]), min_size=1, max_size=3)):
            reference = draw(REFERENCE) if image == APP else "{}:old"
            lines += [(4, "-"), (5, "name: old"), (5, f"image: {reference.format(image)}")]
    lines.append((0, "..."))
    return Generated("deployment.yaml", draw(written(lines)))


def _application(draw: st.DrawFn) -> Generated:
    lines: Lines = [(0, "apiVersion: argoproj.io/v1alpha1"), (0, "kind: Application"), (0, "spec:"), (1, "sources:")]
    for _ in range(draw(st.integers(1, 2))):
        lines += [(1, "-"), (2, "repoURL: https://example.com/old"), (2, "targetRevision: old")]
        match draw(st.integers(0, 3)):
            case 0:
                # Comments behind a line of the block are comments of the YAML in it.
                chomping = draw(st.sampled_from(["", "-", "+"]))
                lines += [(2, "helm:"), (3, f"values: |{chomping}"), *_values_lines(draw, level=4)]
            case 1:
                lines += [(2, "helm:"), (3, "valuesObject:"), *_values_lines(draw, level=4)]
            case 2:
                lines += [(2, "helm:"), (3, "parameters:")]
                lines += [(3, "-"), (4, "name: a.image.repository"), (4, f"value: {APP}")]
                lines += [(3, "-"), (4, "name: a.image.tag"), (4, f"value: {draw(SLOT)}")]
            case _:
                lines += [(2, "kustomize:"), (3, "images:"), (3, f"- {draw(REFERENCE).format(f'app={APP}')}")]
    return Generated("application.yaml", draw(written(lines)))


def _marked(draw: st.DrawFn) -> Generated:
    lines: Lines = [(0, "old: old")]
    for number in range(draw(st.integers(1, 3))):
        marker = draw(st.sampled_from(["# caisson: web", '# {"$imagepolicy": "ns:web']))
        end = '"}' if "{" in marker else ""
        lines.append((0, f"value{number}: {draw(SLOT)} {marker}:tag{end}"))
        lines.append((0, f"whole{number}: {draw(REFERENCE).format(APP)}  {marker}{end}"))
    return Generated("any.yaml", draw(written(lines)))


@st.composite
def images(draw: st.DrawFn) -> Generated:
    """A file of any format that holds images."""
    kinds = (_kustomization, _values, _manifests, _application, _marked)
    return kinds[draw(st.integers(0, len(kinds) - 1))](draw)


@st.composite
def charts(draw: st.DrawFn) -> Generated:
    """A Chart.yaml."""
    lines: Lines = [(0, "version: 0.1.0"), (0, "dependencies:")]
    for name in draw(st.lists(st.sampled_from(["metrics-server", "other"]), min_size=1, max_size=3)):
        version = draw(SLOT) if name == "metrics-server" else "0.1.0"
        lines += [(1, "-"), (2, f"version: {version}"), (2, f"name: {name}")]
        lines.append((2, "repository: https://charts.example.com/stable"))
    return Generated("Chart.yaml", draw(written(lines)), CHART)


def _holds(one: Generated, *, old: str, new: str) -> None:
    before = one.filled(plain=old, within=old, digest=OLD)
    if before == one.slots:
        assert stands(before, one.path, subject=one.subject) is None
        return
    after = edit(before, one.path, subject=one.subject, tag=new, digest=NEW)
    assert after == one.filled(plain=plain_or_quoted(new), within=new, digest=NEW)
    tag = new if PLAIN in one.slots or WITHIN in one.slots else None
    digest = NEW if DIGEST in one.slots else None
    assert stands(after, one.path, subject=one.subject) == (tag, digest)
    # A plain scalar that was given quotes keeps them.
    if PLAIN not in one.slots or plain_or_quoted(new) == new:
        assert edit(after, one.path, subject=one.subject, tag=old, digest=OLD) == before


@given(images(), TAGS)
def test_the_difference_is_exactly_the_intended_scalars(one: Generated, tag: str) -> None:
    """Outside the version's own scalars every byte stays; the new version reads back; and back again is the same."""
    _holds(one, old="old", new=tag)


@given(charts(), CHART_VERSIONS)
def test_the_difference_is_exactly_the_charts_versions(one: Generated, version: str) -> None:
    """So it is with charts."""
    _holds(one, old="1.2.3", new=version)


@given(ANY_TEXT)
@example("? a\n: b\n- c")
def test_any_text_is_edited_or_refused(noise: str) -> None:
    """No text makes an editor fail in another way than by saying so, and what it writes can be read."""
    text = noise + f"\nimage: {APP}:v1 # caisson: web\n"
    for path in ("values.yaml", "kustomization.yaml", "Chart.yaml", ".argocd-source-x.yaml"):
        try:
            edited = edit(text, path, tag="v2")
        except CannotEdit:
            continue
        assert edited.endswith(f"\nimage: {APP}:v2 # caisson: web\n")
        assert list(yaml.parse(edited, Loader=yaml.CSafeLoader))


@given(ANY_TEXT)
def test_what_can_be_read_is_proven_unchanged(text: str) -> None:
    """The proof holds for an edit of nothing: reading twice says the same."""
    try:
        read = read_text("x.yaml", text)
    except CannotEdit:
        return
    assert apply(read, []) == text
