"""How long one version takes to be found, written and proven in a long file, beside ruamel.yaml's round trip.

Each round starts from a file that nothing has read before. Two files of 1,200 lines as people keep them: Helm values of
many services, and manifests in many documents. ruamel.yaml loads and dumps the same text without an edit, which is the
least that an editor built on it would do.
"""

import io
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count

from ruamel.yaml import YAML

from bot.manifests.subject import Subject
from bot.manifests.versions import set_version
from tests.bench.figure import Figure

LINES = 1200
ROUNDS = 40
_RUAMEL_ROUNDS = 3

VALUES = """\
service-{n}:
  # Of team {n}.
  enabled: true
  image:
    repository: ghcr.io/acme/service-{n}
    tag: "1.{n}.0"
    pullPolicy: IfNotPresent
  replicas: 2   # by hand
  resources:
    requests: {{cpu: 100m, memory: 128Mi}}
    limits: {{memory: 256Mi}}
  env:
    - name: LOG_LEVEL
      value: info
    - name: PEERS
      value: 'http://service-{n}:8080'

"""

MANIFEST = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-{n}
  labels:
    app.kubernetes.io/name: service-{n}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: service-{n}}}
  template:
    metadata:
      labels: {{app: service-{n}}}
    spec:
      containers:
        - name: service
          image: ghcr.io/acme/service-{n}:1.{n}.0 # set by a promotion
          ports:
            - containerPort: 8080
          env:
            - name: LOG_LEVEL
              value: "info"
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
"""


def figures() -> Iterator[Figure]:
    """The slower of the two files, and how many times as long ruamel.yaml takes for it."""
    texts = {"values.yaml": text(VALUES), "manifests.yaml": text(MANIFEST)}
    taken = {path: milliseconds(partial(edit, path), fresh(texts[path], ROUNDS)) for path in texts}
    slowest = max(taken, key=lambda path: taken[path])
    ruamel = milliseconds(round_trip, fresh(texts[slowest], _RUAMEL_ROUNDS))
    each = ", ".join(f"{path} {took:.1f} ms" for path, took in taken.items())
    note = f"find, write and prove in {LINES} lines, fastest of {ROUNDS} ({each}); ruamel.yaml: {ruamel:.0f} ms"
    ours = taken[slowest]
    yield Figure(name="edit_1200_lines_ms", value=round(ours, 1), unit="ms", target=10, note=note)
    note = f"ruamel.yaml's round trip of {slowest} to our edit of it, in the same run"
    yield Figure(
        name="edit_1200_lines_ruamel_ratio", value=round(ruamel / ours, 1), unit="x", target=1, note=note, at_least=True
    )


def text(piece: str) -> str:
    """The piece over and over, each with its number, for 1,200 lines."""
    lines: list[str] = []
    numbers = count(1)
    while len(lines) < LINES:
        lines += piece.format(n=next(numbers)).splitlines(keepends=True)
    # A whole piece at the end, so that every document is complete.
    return "".join(lines)


def fresh(text: str, rounds: int) -> list[str]:
    """The text once for each round, each a file that nothing has read before: what was read is kept."""
    return [f"{text}# {n}\n" for n in range(rounds)]


def edit(path: str, text: str) -> str:
    """One of the services gets another version."""
    subject = Subject(name="service", repository="ghcr.io/acme/service-7")
    edited = set_version({path: text}, subject, tag="2.0.0", digest=None, pin=None, folder="")
    return edited[path]


def round_trip(text: str) -> str:
    """The text as ruamel.yaml writes what it read."""
    yaml = YAML()
    out = io.StringIO()
    yaml.dump_all(yaml.load_all(text), out)
    return out.getvalue()


def milliseconds(work: Callable[[str], object], texts: Iterable[str]) -> float:
    """The fastest of several rounds: the work is the same each time, the rest is the machine's other business."""
    taken = []
    for text in texts:
        begin = time.perf_counter()
        work(text)
        taken.append(time.perf_counter() - begin)
    return min(taken) * 1000
