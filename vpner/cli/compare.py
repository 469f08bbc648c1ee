"""``vpner compare``: was the prediction true?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from vpner.anonymise import anonymous_case
from vpner.cli.exits import Code
from vpner.cli.inputs import ArmExport, AsJson, DeclaredFile, StackName, TopologyFile, read_json, read_network
from vpner.cli.output import predicted_note, show_json, show_table
from vpner.cli.subscription import observe
from vpner.comparison import Comparison, compare
from vpner.problems import Problem, Problems
from vpner.readers.observed import Document, read_observed
from vpner.render.comparison import asymmetry_lines, comparison_json, difference_table, proof_table
from vpner.topology import Topology

_PARTIAL = ".partial"


def compare_command(
    topology: TopologyFile = None,
    stack: StackName = None,
    arm: ArmExport = None,
    declared: DeclaredFile = None,
    observed: Annotated[
        Path | None,
        typer.Option(
            "--observed",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Answers of Azure as KIND/NAME.json, for example effective_routes/NIC.json. KIND is effective_routes, "
            "gateway_learned, gateway_advertised, route_server_learned, route_server_advertised, circuit_routes, "
            "bgp_peers, bgp_connections, connections or gateways; tables of a peer or path are KIND/NAME/PEER.json. "
            "NAME.partial.json holds some of the rows only.",
        ),
    ] = None,
    subscription: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Ask this Azure subscription. Nothing is changed; docs/drift.md says which rights it takes.",
        ),
    ] = None,
    resource_group: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Resource group to look in; may be given again.")
    ] = None,
    save_case: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Save network and observations as a case of format 1. Names, public AS numbers and the middle of "
            "addresses are replaced; read it before you publish it.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what is predicted with what Azure shows, route by route.

    vpner compare --stack dev --subscription ID --resource-group lab-hs-vpner

    Exit code 0: as predicted; 1: it differs; 2: inconclusive, because something could not be observed; 3: bad input.
    """
    network = read_network(topology, stack, declared, arm)
    documents = _documents(network, observed, subscription, resource_group or [])
    seen = read_observed(documents, network)
    found = compare(network, seen)
    if as_json:
        show_json(comparison_json(found))
    else:
        _show(found)
    if save_case is not None:
        _save(save_case, anonymous_case(network, seen.tables, save_case.stem))
    raise typer.Exit(_code(found))


def _documents(
    network: Topology, observed: Path | None, subscription: str | None, groups: list[str]
) -> Mapping[str, Document]:
    match observed, subscription, groups:
        case Path(), None, []:
            return read_folder(observed)
        case None, str(), [_, *_]:
            return observe(subscription, groups, network)
        case _:
            pass
    what = "neither or both of --observed and --subscription are given"
    if (subscription is None) != (not groups):
        what = "--subscription and --resource-group are not given together"
    why = "Observations are from files or from a subscription's resource groups"
    remedy = "give --observed DIR, or --subscription ID with --resource-group NAME"
    raise Problems("no observations", [Problem("command line", what, why, remedy, "input")])


def read_folder(folder: Path) -> dict[str, Document]:
    """Documents by key from ``KIND/NAME.json``. Raises :class:`Problems` for files that are no JSON, or none at all."""
    read, problems = read_json(sorted(folder.rglob("*.json")), "Observations are JSON", "observed-file")
    found: dict[str, Document] = {}
    for file, body in read.items():
        key = file.relative_to(folder).with_suffix("").as_posix()
        found[key.removesuffix(_PARTIAL)] = Document(body, complete=not key.endswith(_PARTIAL))
    if not found and not problems:
        why, remedy = "Observations are files KIND/NAME.json", "save some, as vpner compare --help says"
        problems.append(Problem(str(folder), "no *.json file in it", why, remedy, "observed-none"))
    if problems:
        raise Problems("cannot read the observations", problems)
    return found


def _save(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        why, remedy = "The case is written there", "name a file in a folder that exists"
        problem = Problem("--save-case", f"{file}: {error.strerror}", why, remedy, "file")
        raise Problems("cannot save the case", [problem]) from None
    typer.echo(f"Saved {file}. Read it before you publish it.", err=True)


def _show(found: Comparison) -> None:
    if found.differences:
        show_table(difference_table(found), "Differences")
        typer.echo()
    if found.proofs:
        show_table(proof_table(found), "Encryption, as far as Azure shows it")
        typer.echo()
    _section("Paths of a circuit that differ", asymmetry_lines(found))
    _section("Not known", list(found.unclear))
    for note in found.notes:
        typer.echo(f"Note: {note}.")
    if found.phases > 1:
        typer.echo(f"Note: the network oscillates; compared with phase {found.phase} of {found.phases}.")
    typer.echo(predicted_note(found.assumed))
    counted = f"{found.rows} rows in {found.tables} route tables as predicted"
    outcome = {Code.AS_INTENDED: "EQUAL", Code.VIOLATED: "DIFFERENT", Code.INCONCLUSIVE: "INCONCLUSIVE"}[_code(found)]
    differ = f", {len(found.differences)} differences" if found.differences else ""
    typer.echo(f"{outcome}: {counted}{differ}")


def _section(title: str, lines: list[str]) -> None:
    if lines:
        typer.echo("\n".join([title, *(f"  {line}" for line in lines), ""]))


def _code(found: Comparison) -> Code:
    if found.differences:
        return Code.VIOLATED
    return Code.INCONCLUSIVE if found.unclear or not found.tables else Code.AS_INTENDED
