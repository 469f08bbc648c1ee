"""``vpner simulate``: commands with Azure simulated, and what happens in it beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from vpner.problems import Problem, Problems
from vpner.simulator import carrier
from vpner.simulator.azure import listing
from vpner.simulator.run import default_folder, run
from vpner.simulator.store import Store

_RUN = "run"


class _Group(TyperGroup):
    """A group of commands in which ``--`` begins a command to be run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--" in args:
            split = args.index("--")
            before = args[:split]
            if not any(word in self.commands for word in before):
                args = [*before, _RUN, *args[split:]]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="simulate",
    cls=_Group,
    no_args_is_help=True,
    subcommand_metavar="[-- COMMAND... | provision | list | reset]",
)

State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Folder of the simulated subscriptions. Default: that of the simulation that surrounds the command, else "
        ".vpner beside the nearest Pulumi.yaml, else .vpner here.",
    ),
]


@app.callback()
def _simulate(ctx: typer.Context, state: State = None) -> None:
    """Run a command with Azure simulated: vpner simulate -- pulumi up

    Any Pulumi program that uses azure-native (and pulumi-random) runs unchanged, without an account. What it has built
    stays in the simulated subscriptions, and the Azure CLI and the Azure SDKs read it: vpner simulate -- az network nic
    list. The command also gets a local file backend and a passphrase, where PULUMI_BACKEND_URL or
    PULUMI_CONFIG_PASSPHRASE (or its _FILE) are not set. The exit code is the command's.
    """
    ctx.obj = state or default_folder(os.environ, Path.cwd())


@app.command(_RUN, hidden=True, context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})
def _run(ctx: typer.Context, command: Annotated[list[str], typer.Argument()]) -> None:
    """What ``--`` stands for."""
    raise typer.Exit(run(command, ctx.obj))


@app.command()
def provision(
    ctx: typer.Context,
    circuit: Annotated[str, typer.Argument(metavar="CIRCUIT", help="Name or id of the circuit.")],
    deprovision: Annotated[bool, typer.Option("--deprovision", help="The way back.")] = False,
    primary: Annotated[str | None, typer.Option(help="/30 of the private peering's primary link.")] = None,
    secondary: Annotated[str | None, typer.Option(help="/30 of its secondary link, if that is built.")] = None,
    peer_asn: Annotated[int | None, typer.Option(help="ASN of the provider's router.")] = None,
    vlan: Annotated[int | None, typer.Option(help="Its VLAN; without it the provider takes 100.")] = None,
    state: State = None,
) -> None:
    """Do the connectivity provider's part: build the circuit.

    With --primary and --peer-asn it acts as a layer 3 provider, which configures the private peering too (the reference
    lab's Megaport does). Without them, the peering is left to the customer, as by a layer 2 provider.
    """
    store = Store(state or ctx.obj)
    options = {"--primary": primary, "--peer-asn": peer_asn, "--secondary": secondary, "--vlan": vlan}
    given = [name for name, value in options.items() if value is not None]
    if deprovision and given:
        raise _option_problem(circuit, f"--deprovision with {', '.join(given)}", "leave the other options out")
    if deprovision:
        typer.echo(f"NotProvisioned: {carrier.deprovision(store, circuit)}")
        return
    peering = None
    if primary is not None and peer_asn is not None:
        peering = carrier.PrivatePeering(vlan or carrier.PROVIDER_VLAN, peer_asn, primary, secondary)
    elif given:
        missing = [name for name in ("--primary", "--peer-asn") if name not in given]
        raise _option_problem(circuit, f"{', '.join(given)} without {', '.join(missing)}", "give both, or none")
    typer.echo(f"Provisioned: {carrier.provision(store, circuit, peering)}")


@app.command("list")
def list_resources(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list of objects with id and state.")] = False,
    state: State = None,
) -> None:
    """List the resources of the simulated subscriptions, each with its state."""
    folder = state or ctx.obj
    found = list(listing(Store(folder)))
    if as_json:
        typer.echo(json.dumps([{"id": resource_id, "state": status} for resource_id, status in found], indent=2))
        return
    width = max((len(status) for _, status in found), default=0)
    for resource_id, status in found:
        typer.echo(f"{status:<{width}}  {resource_id}")
    typer.echo(f"{len(found)} resources in {folder} (simulated)", err=True)


@app.command()
def reset(ctx: typer.Context, state: State = None) -> None:
    """Empty the simulated subscriptions.

    Stacks that were deployed to them still list their resources until they are refreshed.
    """
    folder = state or ctx.obj
    typer.echo(f"{Store(folder).clear()} resources removed from {folder} (simulated)", err=True)


def _option_problem(circuit: str, what: str, remedy: str) -> Problems:
    why = "A private peering is configured as a whole, and only when the circuit is provisioned"
    return Problems("vpner simulate provision", [Problem(circuit, what, why, remedy, "provision-options")])
