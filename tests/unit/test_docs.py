"""The documents say what the code does: every example is read as its reader would read it, every command is run.

A block of YAML says what it is behind its language: a whole `file`, or a `top`, `pipeline`, `image`, `chart` or
`environment` to be put into one; `doors`; or a `manifest`, by its name if a command is to find it. In a block of
`console` a line that begins with `$` is a command, and what follows is what it prints.
"""

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from bot.commands import COMMANDS
from bot.reconcile import CHECKS
from config import registries, settings
from config.approvals import Approvals
from config.door_means import BESIDE, Means
from config.doors import Option, Sender
from config.doors_file import parse_doors
from config.parse import read
from config.pipeline import (
    AcceptFrom,
    ChartSource,
    Configuration,
    Cosign,
    Environment,
    Format,
    Gates,
    HealthRule,
    ImageSource,
    Mode,
    Pipeline,
    Received,
    ReleaseRule,
    Strategy,
    TemplateKind,
    Templates,
    Write,
)

ROOT = Path(__file__).parents[2]
DOCUMENTS = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<path>[^)#:]*)(?:#(?P<anchor>[^)]*))?\)")

_ENVIRONMENTS = "environments: {staging: {path: staging}, e: {path: e}}"
# A piece of the file, and what stands around it, up to the line under which the piece is put.
AROUND = {
    "file": "",
    "top": f"pipelines: {{p: {{images: {{web: {{repository: r.example.com/web}}}}, {_ENVIRONMENTS}}}}}\n",
    "pipeline": "pipelines:\n  p:\n",
    "image": f"pipelines:\n  p:\n    {_ENVIRONMENTS}\n    images:\n      web:\n",
    "chart": f"pipelines:\n  p:\n    {_ENVIRONMENTS}\n    charts:\n      web:\n",
    "environment": (
        "pipelines:\n  p:\n    images: {web: {repository: r.example.com/web}}\n"
        "    environments:\n      staging: {path: staging}\n      e:\n"
    ),
}
_INDENT = {"file": 0, "top": 0, "pipeline": 4, "image": 8, "chart": 8, "environment": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block. `kind`: what stands behind its language."""

    document: Path
    line: int
    language: str
    kind: str
    name: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks(document: Path) -> Iterator[Block]:
    """Every fenced block of one document."""
    text = document.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        language, kind, name = [*found["info"].split(), "", "", ""][:3]
        line = text.count("\n", 0, found.start()) + 1
        yield Block(document=document, line=line, language=language, kind=kind, name=name, text=found["text"])


BLOCKS = tuple(block for document in DOCUMENTS for block in blocks(document))


def of_kind(*kinds: str) -> list[object]:
    """The blocks of YAML of these kinds, as parameters."""
    some = [block for block in BLOCKS if block.language == "yaml" and block.kind in kinds]
    return [pytest.param(block, id=block.place) for block in some]


# --- examples ---------------------------------------------------------------------------------------------------------


def test_every_block_of_yaml_says_what_it_is() -> None:
    """So none is left out of these tests."""
    unknown = [b.place for b in BLOCKS if b.language == "yaml" and b.kind not in (*AROUND, "doors", "manifest")]
    assert not unknown


@pytest.mark.parametrize("block", of_kind(*AROUND))
def test_an_example_of_the_configuration_is_valid(block: Block) -> None:
    """As `caisson check` reads it, with every judge the bot has."""
    whole = AROUND[block.kind] + textwrap.indent(block.text, " " * _INDENT[block.kind])
    declared = read(whole, path=block.place, checks=CHECKS)
    assert declared.configuration.pipelines or declared.configuration.received or declared.parents


@pytest.mark.parametrize("block", of_kind("doors"))
def test_an_example_of_doors_is_valid(block: Block) -> None:
    """As the process reads it when it starts."""
    assert parse_doors(block.text, path=block.place, keys=lambda _: "")


@pytest.mark.parametrize("block", of_kind("manifest"))
def test_an_example_of_a_manifest_is_yaml(block: Block) -> None:
    """It says something."""
    assert yaml.safe_load(block.text)


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "block", [pytest.param(block, id=block.place) for block in BLOCKS if block.language == "console"]
)
def test_a_command_prints_what_is_shown(block: Block, tmp_path: Path) -> None:
    """To the letter, errors included."""
    for file in blocks(block.document):
        if file.kind == "manifest" and file.name:
            (tmp_path / file.name).write_text(file.text, encoding="utf-8")
    commands = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]
    script = "\n".join(['caisson() { "$PYTHON" -m bot "$@"; }', *commands])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    shown = "".join(line for line in block.text.splitlines(keepends=True) if not line.startswith("$ "))
    assert done.stdout == shown


@pytest.mark.parametrize("command", [spec.usage for spec in COMMANDS])
def test_every_command_is_in_the_readme(command: str) -> None:
    """With what it takes."""
    assert f"`{command}`" in (ROOT / "README.md").read_text(encoding="utf-8")


# --- names ------------------------------------------------------------------------------------------------------------


def variables() -> list[str]:
    """Every variable that the two readers of the environment know, by its constant or by its name in their texts."""
    named = [value for value in vars(settings).values() if isinstance(value, str) and value.startswith("CAISSON_")]
    named += [value for value in vars(registries).values() if isinstance(value, str) and value.startswith("CAISSON_")]
    source = Path(registries.__file__).read_text(encoding="utf-8")
    named += re.findall(r'"((?:AZURE|GOOGLE)_[A-Z_]+)"', source)
    login = [f"{registries.PREFIX}<NAME>_USERNAME", f"{registries.PREFIX}<NAME>_HOST", "_PASSWORD", "_PASSWORD_FILE"]
    return sorted({*named, *login} - {registries.PREFIX})


@pytest.mark.parametrize("variable", variables())
def test_every_variable_is_documented(variable: str) -> None:
    """In the README or in docs/."""
    assert f"`{variable}`" in everything_of("README.md", "docs/configuration.md", "docs/images.md")


def test_every_variable_in_the_documents_is_read() -> None:
    """None is a name of yesterday's."""
    known = set(variables())
    named = set(re.findall(r"`(CAISSON_[A-Z_]+[A-Z])`", everything_of("README.md", "docs/images.md")))
    assert named <= known


def keys() -> list[str]:
    """Every key of the file."""
    models: tuple[type[BaseModel], ...] = (
        AcceptFrom,
        Received,
        Configuration,
        Templates,
        Pipeline,
        ReleaseRule,
        ImageSource,
        ChartSource,
        Write,
        Cosign,
        Environment,
        Approvals,
        HealthRule,
        Gates,
    )
    named = {field.alias or name for model in models for name, field in model.model_fields.items()}
    # What is read out of environments has no key of its own.
    return sorted(named - {"name", "received", "received_as"})


@pytest.mark.parametrize("key", [*keys(), *Strategy, *Format, *Mode, *TemplateKind])
def test_every_key_and_word_of_the_file_is_documented(key: str) -> None:
    """In the page that claims to name them all."""
    assert re.search(rf"`{key}`|`verify\.{key}`|`{key}:", everything_of("docs/configuration.md"))


@pytest.mark.parametrize("key", [*Sender, *Option, *Means, *(key for some in BESIDE.values() for key in some)])
def test_every_key_and_sender_of_a_door_is_documented(key: str) -> None:
    """Where doors are told of."""
    assert f"`{key}`" in everything_of("docs/images.md")


def everything_of(*names: str) -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


# --- links ------------------------------------------------------------------------------------------------------------


def links() -> list[object]:
    """Every link to a file of the repository, or into one."""
    return [
        pytest.param(document, found["path"], found["anchor"], id=f"{document.name} to {found[0][2:-1]}")
        for document in DOCUMENTS
        for found in _LINK.finditer(_FENCE.sub("", document.read_text(encoding="utf-8")))
        if found["path"] or found["anchor"]
    ]


@pytest.mark.parametrize(("document", "path", "anchor"), links())
def test_a_link_leads_somewhere(document: Path, path: str, anchor: str | None) -> None:
    """To a file that is there, and to a heading that it has, as GitHub names headings."""
    target = (document.parent / path).resolve() if path else document
    assert target.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


# --- what is delivered ------------------------------------------------------------------------------------------------


def test_the_image_holds_every_package() -> None:
    """Each package of the wheel is copied into the stage that makes it, and let through by .dockerignore."""
    packages = _pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    dockerfile, ignored = everything_of("Dockerfile"), everything_of(".dockerignore").splitlines()
    assert packages
    for package in packages:
        assert f"COPY {package} {package}\n" in dockerfile
        assert f"!{package}" in ignored


def test_whatever_the_image_writes_lies_in_its_volume() -> None:
    """The root of its file system is read-only: the store, and Sigstore's keys, which TUF keeps where XDG says."""
    dockerfile = everything_of("Dockerfile")
    volume = re.search(r"^VOLUME (\S+)$", dockerfile, re.MULTILINE)
    assert volume
    for variable in ("CAISSON_STORE", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        assert f"{variable}={volume[1]}/" in dockerfile


def test_the_role_for_pull_secrets_reads_named_secrets_only() -> None:
    """`get` of Secrets by their names, in the name of the account that the deployment runs as."""
    role, binding = yaml.safe_load_all(everything_of("deploy/pull-secrets.example.yaml"))
    account = next(yaml.safe_load_all(everything_of("deploy/access.yaml")))
    assert [(rule["resources"], rule["verbs"]) for rule in role["rules"]] == [(["secrets"], ["get"])]
    assert all(rule["resourceNames"] for rule in role["rules"])
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [subject["name"] for subject in binding["subjects"]] == [account["metadata"]["name"]]


# --- layers -----------------------------------------------------------------------------------------------------------


def test_the_layers_are_those_that_are_enforced() -> None:
    """ARCHITECTURE.md shows import-linter's contract, line by line; what stands behind a line explains it."""
    contracts = _pyproject()["tool"]["importlinter"]["contracts"]
    enforced = [layer.replace("(", "").replace(")", "") for layer in contracts[0]["layers"]]
    shown = next(b.text for b in BLOCKS if b.document.name == "ARCHITECTURE.md" and b.text.startswith("bot.cli"))
    assert [re.split(r"\s{2,}", line)[0] for line in shown.splitlines()] == enforced


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
