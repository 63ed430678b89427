"""How long the choice among a hundred thousand tags takes, beside npm's `semver` over the same list on this machine.

Each time counts from tags that nothing has looked at before, in a process of its own, to the tag selected.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.versions import choose, make_rules
from tests.bench.figure import Figure

COUNT = 100_000
CONSTRAINT = ">=1.2 <9"
RUNS = 7
_SEED = 20260301
_PEER = "semver"
_PEER_VERSION = "7.7.3"
_BUILD = Path("build") / "npm-semver"
_PATIENCE = 300.0
# What npm's own users would write. The list is parsed once and is as fresh to each run as it is to us: strings are made
# anew, and `semver` keeps no cache of versions.
_PROGRAM = """
const semver = require("semver");
const [constraint, runs] = [process.argv[2], Number(process.argv[3])];
const text = require("fs").readFileSync(0, "utf8");
const times = [];
let selected;
for (let run = 0; run < runs; run++) {
  const tags = JSON.parse(text);
  const begin = process.hrtime.bigint();
  selected = semver.maxSatisfying(tags, constraint);
  times.push(Number(process.hrtime.bigint() - begin) / 1e6);
}
console.log(JSON.stringify({selected, times}));
"""


class NotTheSameError(Exception):
    """Two ways to the highest version found different ones."""


def figures() -> Iterator[Figure]:
    """Milliseconds, and where npm is, how much of npm's time that is."""
    listed = tags()
    selected, times = _ours(listed)
    ours = min(times)
    note = f"{COUNT:,} tags, a third of them sha-*; {CONSTRAINT} chooses {selected}; best of {len(times)}"
    theirs, told = _theirs(listed, selected)
    yield Figure(
        name="tags_100k_ms", value=round(ours, 1), unit="ms", target=60, note=f"{note}, worst {max(times):.1f}; {told}"
    )
    if theirs is not None:
        yield Figure(name="tags_100k_of_npm", value=round(ours / theirs, 3), unit="ratio", target=1, note=told)


def tags(count: int = COUNT) -> list[str]:
    """A third commits, the rest versions in four spellings, no two alike, in an order that is the same every time."""
    chance = random.Random(_SEED)
    made = dict.fromkeys(f"sha-{chance.getrandbits(160):040x}" for _ in range(count // 3))
    while len(made) < count:
        version = f"{chance.randrange(12)}.{chance.randrange(60)}.{chance.randrange(100)}"
        made[chance.choice([version, f"v{version}", f"{version}-alpine", f"{version}-rc.{chance.randrange(1, 4)}"])] = (
            None
        )
    listed = list(made)
    chance.shuffle(listed)
    return listed


def measure(text: str, runs: int = RUNS) -> tuple[str | None, list[float]]:
    """What is selected from the JSON array, and the milliseconds each time; every run has strings of its own."""
    times: list[float] = []
    selected = None
    for _ in range(runs):
        listed = json.loads(text)
        begin = time.perf_counter()
        selected = choose(listed, make_rules(constraint=CONSTRAINT)).selected
        times.append((time.perf_counter() - begin) * 1000)
    return selected, times


def _ours(listed: Sequence[str]) -> tuple[str, list[float]]:
    done = _run([sys.executable, "-m", "tests.bench.choice"], listed)
    answer = json.loads(done)
    return str(answer["selected"]), answer["times"]


def _theirs(listed: Sequence[str], selected: str) -> tuple[float | None, str]:
    """The best time of npm in milliseconds, None where npm is not to be had; and what to say of it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None, "npm is not here to compare with"
    try:
        _install(npm)
    except subprocess.SubprocessError as error:
        return None, f"npm did not install {_PEER}: {error}"
    program = _BUILD / "choice.js"
    program.write_text(_PROGRAM)
    answer = json.loads(_run([node, str(program), CONSTRAINT, str(RUNS)], listed))
    if str(answer["selected"]).removeprefix("v") != selected.removeprefix("v"):
        raise NotTheSameError(f"npm selects {answer['selected']}, we {selected}")
    best = min(answer["times"])
    return best, f"npm {_PEER} {_PEER_VERSION} takes {best:.1f} ms at best"


def _install(npm: str) -> None:
    if (_BUILD / "node_modules" / _PEER).is_dir():
        return
    _BUILD.mkdir(parents=True, exist_ok=True)
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit-lockfile-registry-resolved=true"]
    subprocess.run(
        [npm, "install", *options, "--prefix", str(_BUILD), f"{_PEER}@{_PEER_VERSION}"],
        check=True,
        capture_output=True,
        timeout=_PATIENCE,
        env={**os.environ, "npm_config_update_notifier": "false"},
    )


def _run(command: Sequence[str], listed: Sequence[str]) -> str:
    done = subprocess.run(
        command, input=json.dumps(listed), check=True, capture_output=True, text=True, timeout=_PATIENCE
    )
    return done.stdout


if __name__ == "__main__":
    chosen, taken = measure(sys.stdin.read())
    print(json.dumps({"selected": chosen, "times": taken}))
