"""Where a command has its network from: one input grammar, ``--topology FILE``, ``--stack NAME`` or ``--arm PATH``.

A command that looks at two networks has the same in one word each: ``FILE``, ``stack:NAME`` or ``arm:PATH``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, cast

import typer
import yaml

from vpner.cli.stack import origin_of, stack_snapshot, stack_topology
from vpner.problems import Problem, Problems, refuse
from vpner.readers.case import read_case
from vpner.readers.export import Export, read_export
from vpner.readers.gaps import not_exported, unanswered
from vpner.readers.stack import read_stack
from vpner.routing import Failures
from vpner.rules import Declared, Network, read_declared
from vpner.rules.declared import NOTHING, POLICY
from vpner.topology import Topology

STDIN = "-"
_EXPORT = "the export"
_STACK, _ARM = "stack:", "arm:"
NAMED = "a topology file, stack:NAME, or arm:PATH for what --arm reads"
"""How a network is named in one word, for help texts."""

TopologyFile = Annotated[
    str | None,
    typer.Option(
        "--topology", metavar="FILE", help="The network: a topology of format 1, or a whole case. - reads stdin."
    ),
]
StackName = Annotated[
    str | None,
    typer.Option(
        "--stack", metavar="NAME", help="The network as the Pulumi project in this folder would deploy this stack now."
    ),
]
ArmExport = Annotated[
    list[Path] | None,
    typer.Option(
        "--arm",
        metavar="PATH",
        exists=True,
        help="The network as Azure shows it: JSON of az network ... list, or a folder of such files; may be given "
        "again. docs/existing-network.md has the commands.",
    ),
]
DeclaredFile = Annotated[
    str | None,
    typer.Option(
        "--outside",
        "--policy-pack-config",
        metavar="FILE",
        help="What is declared beside it, as YAML or JSON: keys topology, intent, resilience and exceptions, or a "
        "policy pack's configuration with these under declared-network. With --topology only the last two count.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")]


def read_network(
    topology: str | None, stack: str | None, declared_file: str | None = None, arm: Sequence[Path] | None = None
) -> Topology:
    """The network that one of the options names, completed by what is declared outside a stack.

    Raises :class:`Problems` if not exactly one is given, if a file cannot be read, or with all that is wrong in it.
    """
    declared = read_declared_file(declared_file)
    _only_one(topology, stack, arm)
    if arm:
        return _exported(read_export(_documents(arm)), declared)
    if stack is not None:
        return stack_topology(stack, Path.cwd(), declared.topology)
    return _written(str(topology))


def read_named(name: str, declared_file: str | None = None) -> Topology:
    """The network that one word names, completed by what is declared outside a stack or an export.

    Raises :class:`Problems` as :func:`read_network`.
    """
    if name.startswith(_STACK):
        return read_network(None, name.removeprefix(_STACK), declared_file)
    if name.startswith(_ARM):
        return read_network(None, None, declared_file, [Path(name.removeprefix(_ARM))])
    return read_network(name, None, declared_file)


def read_judged(
    topology: str | None,
    stack: str | None,
    declared_file: str | None,
    today: date,
    failures: Failures,
    arm: Sequence[Path] | None = None,
) -> Network:
    """The same for the rules, which judge resources too, and say themselves what cannot be read."""
    declared = read_declared_file(declared_file)
    _only_one(topology, stack, arm)
    if arm:
        exported = read_export(_documents(arm))
        return Network(
            exported,
            declared,
            today=today,
            failures=failures,
            origin=_EXPORT,
            not_exported=not_exported(exported),
            unanswered=unanswered(exported, declared.topology),
        )
    if stack is not None:
        snapshot = stack_snapshot(stack, Path.cwd())
        return Network(snapshot, declared, today=today, failures=failures, origin=origin_of(stack))
    return Network.of_topology(_written(str(topology)), declared, today=today, failures=failures)


def read_declared_file(file: str | None) -> Declared:
    """What is declared about the network outside the resources, and exceptions."""
    if file is None:
        return NOTHING
    try:
        document: Any = yaml.safe_load(_text(file))  # JSON is YAML
    except yaml.YAMLError as error:
        document, what = None, f"it is no YAML ({error})"
    else:
        what = f"a {type(document).__name__} stands where an object should"
    if not isinstance(document, dict):
        why, remedy = "It has the keys of what is declared", "write topology: {...} and intent: [...]"
        raise Problems(f"cannot read {file}", [Problem(file, what, why, remedy, "file")])
    given = cast("dict[str, Any]", document)
    declared, problems = read_declared(given.get(POLICY, {}) if POLICY in given else given)
    refuse(f"cannot read {file}", problems)
    return declared


def _exported(exported: Export, declared: Declared) -> Topology:
    """Raises :class:`Problems` for what is missing, also where a topology could be made without it."""
    heading, needed = f"cannot read the network of {_EXPORT}", unanswered(exported, declared.topology)
    try:
        found = read_stack(exported, declared.topology, _EXPORT)
    except Problems as problems:
        missing = dict.fromkeys([*needed, *not_exported(exported), *problems.problems])
        raise Problems(heading, missing) from None
    refuse(heading, needed)
    return found


def _documents(paths: Sequence[Path]) -> dict[str, object]:
    """JSON documents by file name. Raises :class:`Problems` for all files that cannot be read."""
    files = [file for path in paths for file in (sorted(path.rglob("*.json")) if path.is_dir() else [path])]
    found, problems = read_json(files, "An export is JSON", "export-file")
    if not files:
        why, remedy = "An export is files *.json", "save some, as docs/existing-network.md says"
        problems.append(Problem(", ".join(map(str, paths)), "no *.json file in it", why, remedy, "export-none"))
    refuse("cannot read the export", problems)
    return {str(file): document for file, document in found.items()}


def read_json(files: Iterable[Path], why: str, code: str) -> tuple[dict[Path, Any], list[Problem]]:
    """What Azure's commands have printed, by file, and the files that cannot be read, with this reason and code."""
    found: dict[Path, Any] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            found[file] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            remedy = "save the command's output with -o json"
            problems.append(Problem(str(file), f"it cannot be read ({error})", why, remedy, code))
    return found, problems


def _only_one(topology: str | None, stack: str | None, arm: Sequence[Path] | None) -> None:
    """Raises :class:`Problems` if not exactly one network is named."""
    given = [name for name, value in (("--topology", topology), ("--stack", stack), ("--arm", arm)) if value]
    if len(given) != 1:
        what = f"{' and '.join(given)} are given" if given else "none of --topology, --stack and --arm is given"
        remedy = "give one of --topology FILE, --stack NAME and --arm PATH"
        raise Problems("no network", [Problem("command line", what, "A command looks at one network", remedy, "input")])


def _written(file: str) -> Topology:
    return read_case(_text(file), "stdin" if file == STDIN else Path(file).name).topology


def _text(file: str) -> str:
    try:
        if file == STDIN:
            return sys.stdin.buffer.read().decode("utf-8")
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        what, remedy = f"not UTF-8 text at byte {error.start}", "save it as UTF-8"
    except OSError as error:
        what, remedy = str(error.strerror), "give the path of a topology or case file, or - for stdin"
    raise Problems(f"cannot read {file}", [Problem(file, what, "A network is read from a text file", remedy, "file")])
