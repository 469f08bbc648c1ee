"""``vpner diff``: what a change does to the network."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from vpner.cli.exits import Code
from vpner.cli.inputs import AsJson, DeclaredFile, StackName, TopologyFile, read_declared_file, read_named, read_network
from vpner.cli.output import predicted_note, show_json, show_table
from vpner.cli.stack import project_folder, stack_topology
from vpner.diff import Outcome
from vpner.diff import diff as compare
from vpner.problems import Problem, Problems
from vpner.readers.case import read_case
from vpner.render.diff import diff_json, diff_markdown, flow_grid, headline, intent_lines, route_grid
from vpner.routing import Failures
from vpner.topology import Topology

_HERE = "."
_CODES = {
    Outcome.NOT_WORSE: Code.AS_INTENDED,
    Outcome.WORSE: Code.VIOLATED,
    Outcome.UNKNOWN: Code.INCONCLUSIVE,
}


def diff(
    base: Annotated[str, typer.Argument(metavar="BASE", help="The network before.")],
    head: Annotated[str, typer.Argument(metavar="HEAD", help="The network after.")],
    topology: TopologyFile = None,
    stack: StackName = None,
    declared: DeclaredFile = None,
    failures: Annotated[Failures, typer.Option(help="What may fail at once.")] = Failures.SINGLE,
    markdown: Annotated[bool, typer.Option("--markdown", help="Markdown for a pull request.")] = False,
    as_json: AsJson = False,
) -> None:
    """What does a change do: to protected flows, to findings, to routes?

    vpner diff before.yaml after.yaml

    vpner diff main . --topology examples/reference-lab.yaml

    Each of BASE and HEAD is a topology file, stack:NAME, or arm:PATH for what --arm reads. With --topology FILE or
    --stack NAME they are revisions of git in which that file, or that stack's program, is looked at; . is what is in
    the folder now. The network after is judged by the intent of the one before, and by what the change adds to it. Exit
    code 0: nothing protected is worse off; 1: something is; 2: inconclusive; 3: bad input.
    """
    read = _reader(topology, stack, declared)
    found = compare(read(base), read(head), date.today(), failures)
    if as_json:
        show_json(diff_json(found))
    elif markdown:
        typer.echo(diff_markdown(found), nl=False)
    else:
        for line in intent_lines(found.intents):
            typer.echo(f"Intent: {line}")
        if found.flows:
            show_table(flow_grid(found.flows), "Protected flows (predicted)")
        for title, problems in (("New findings", found.appeared), ("Findings that are gone", found.disappeared)):
            if problems:
                typer.echo("\n".join([title, *(str(problem) for problem in problems), ""]))
        if found.routes:
            show_table(route_grid(found.routes), "Effective routes (predicted)")
        typer.echo(predicted_note(found.assumed))
        typer.echo(headline(found))
    raise typer.Exit(_CODES[found.outcome])


def _reader(topology: str | None, stack: str | None, declared: str | None) -> Callable[[str], Topology]:
    if topology is not None and stack is not None:
        what, remedy = "both --topology and --stack are given", "give the one that is looked at in both revisions"
        raise Problems("no networks", [Problem("command line", what, "Revisions are of one thing", remedy, "input")])
    if topology is not None:
        return lambda revision: _of_file(topology, revision)
    if stack is not None:
        return lambda revision: _of_stack(stack, revision, declared)
    return lambda name: read_named(name, declared)


def _of_file(file: str, revision: str) -> Topology:
    if revision == _HERE:
        return read_network(file, None)
    folder, name = Path(file).parent, Path(file).name
    text = _git(folder, "show", f"{revision}:./{name}")
    return read_case(text, f"{name} of {revision}").topology


def _of_stack(stack: str, revision: str, declared: str | None) -> Topology:
    if revision == _HERE:
        return read_network(None, stack, declared)
    project = project_folder(Path.cwd())
    inside = Path(_git(project, "rev-parse", "--show-prefix").strip())
    with _checked_out(project, revision) as tree:
        return stack_topology(stack, tree / inside, read_declared_file(declared).topology)


@contextmanager
def _checked_out(project: Path, revision: str) -> Generator[Path]:
    """A revision in a folder of its own, with the environment that this command runs in."""
    with tempfile.TemporaryDirectory(prefix="vpner-") as scratch:
        tree = Path(scratch) / "tree"
        _git(project, "worktree", "add", "--detach", "--quiet", str(tree), revision)
        try:
            environment = tree / ".venv"
            if not environment.exists():
                environment.symlink_to(sys.prefix)
            yield tree
        finally:
            _git(project, "worktree", "remove", "--force", str(tree))


def _git(folder: Path, *arguments: str) -> str:
    # Inside a git hook these name the hook's repository, whatever the folder.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], env=environment, capture_output=True, text=True, check=False
        )
    except OSError as error:
        why, remedy = "Revisions are read from a git repository", "install git, or compare two files"
        raise Problems("no revision", [Problem("git", str(error.strerror), why, remedy, "git")]) from None
    if done.returncode != 0:
        said = done.stderr.strip().removeprefix("fatal: ")
        why, remedy = "BASE and HEAD are revisions of git here", "name a commit, a branch, or . for what is there now"
        raise Problems("no revision", [Problem(f"git {arguments[0]}", said, why, remedy, "git")])
    return done.stdout
