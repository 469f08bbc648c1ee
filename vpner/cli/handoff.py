"""``vpner handoff``: what the engineer on premises configures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from vpner.cli.exits import Code
from vpner.cli.inputs import ArmExport, AsJson, DeclaredFile, StackName, TopologyFile, read_declared_file, read_network
from vpner.cli.output import show_json
from vpner.cli.stack import origin_of, stack_secret, stack_snapshot
from vpner.device.common import Unbound
from vpner.device.linux import linux_files
from vpner.device.opnsense import render
from vpner.device.plans import device_plans
from vpner.device.provider import provider_routers
from vpner.plan.device import DevicePlan
from vpner.problems import Problem, Problems
from vpner.readers.resources import Snapshot
from vpner.readers.stack import read_stack
from vpner.render.handoff import handoff_json, handoff_lines
from vpner.topology import Topology


class Format(StrEnum):
    """Of what is printed."""

    TEXT = "text"
    JSON = "json"
    OPNSENSE = "opnsense"
    LINUX = "linux"


_KEYS_OUTPUT = "preSharedKeys"
"""Output of the stack: the pre-shared key of each device by its name."""
_INTERFACES = {Format.OPNSENSE: "hn", Format.LINUX: "eth"}
"""How FreeBSD and Linux name the network interfaces of an Azure VM: hn0, eth0 the first."""


def handoff(
    topology: TopologyFile = None,
    stack: StackName = None,
    arm: ArmExport = None,
    declared: DeclaredFile = None,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="Only this device.")] = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="text: the plan to read; json: the same; opnsense: config.xml of 26.1; linux: strongSwan and FRR.",
        ),
    ] = Format.TEXT,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="With --stack: the pre-shared key instead of a placeholder.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print what the device on premises and the provider's router are configured with.

    vpner handoff --topology examples/reference-lab.yaml --format linux

    From a stack it is the stack's own plan; from a topology file it is made from what the file says, with this
    project's crypto profile. Exit code 2: Azure has not chosen the tunnel addresses yet, which a configuration needs;
    text and json name them instead.
    """
    if as_json and form not in (Format.TEXT, Format.JSON):
        raise typer.BadParameter(f"--json and --format {form.value} want two things; give one of them")
    network, contracts = _read(topology, stack, declared, arm)
    found = device_plans(network, contracts, interfaces=_INTERFACES.get(form, ""))
    plans = _chosen(found, device)
    if as_json or form is Format.JSON:
        _no_secret(form, with_secrets)
        show_json(handoff_json(plans, provider_routers(network)))
    elif form is Format.TEXT:
        _no_secret(form, with_secrets)
        typer.echo("\n".join(handoff_lines(plans, provider_routers(network))))
    else:
        plan = _one(plans, form)
        try:
            typer.echo(_configuration(plan, form, _key(plan, stack) if with_secrets else None), nl=False)
        except Unbound as problems:
            typer.echo(str(problems), err=True)
            raise typer.Exit(Code.INCONCLUSIVE) from None


def _read(
    topology: str | None, stack: str | None, declared: str | None, arm: Sequence[Path] | None
) -> tuple[Topology, list[Mapping[str, Any]]]:
    """The network, and the plans that its components registered."""
    if stack is None or topology is not None or arm:
        return read_network(topology, stack, declared, arm), []
    snapshot = stack_snapshot(stack, Path.cwd())
    outside = read_declared_file(declared).topology
    return read_stack(snapshot, outside, origin_of(stack)), contracts_of(snapshot)


def contracts_of(snapshot: Snapshot) -> list[Mapping[str, Any]]:
    """Plans of devices that components registered."""
    found = (item for _, item in snapshot.registered("device", "devices"))
    return [item for item in found if "endpoint" in item and "tunnels" in item]


def _chosen(plans: Sequence[DevicePlan], name: str | None) -> Sequence[DevicePlan]:
    chosen = [plan for plan in plans if name in (None, plan.name)]
    if chosen:
        return chosen
    names = ", ".join(plan.name for plan in plans)
    what = f"no device {name!r}" if name else "no device"
    why = "A device is handed over that ends a tunnel with BGP over ExpressRoute"
    remedy = f"name one of {names}" if names else "describe a VPN connection with over: expressroute"
    raise Problems(
        "nothing to hand over", [Problem("--device" if name else "the network", what, why, remedy, "device")]
    )


def _one(plans: Sequence[DevicePlan], form: Format) -> DevicePlan:
    if len(plans) == 1:
        return plans[0]
    names = ", ".join(plan.name for plan in plans)
    why, remedy = "A configuration is one device's", f"add --device with one of {names}"
    problem = Problem("--device", f"--format {form.value} for {len(plans)} devices", why, remedy, "device")
    raise Problems("nothing to hand over", [problem])


def _configuration(plan: DevicePlan, form: Format, key: str | None) -> str:
    if form is Format.OPNSENSE:
        return render(plan, pre_shared_key=key)
    files = linux_files(plan, pre_shared_key=key)
    return "\n".join(f"### {file.path} (mode {file.mode:04o})\n{file.text}" for file in files)


def _key(plan: DevicePlan, stack: str | None) -> str:
    why = "A pre-shared key is a secret output of a deployed stack"
    if stack is None:
        remedy = "use --stack, or put the key into the placeholder's place"
        problem = Problem("--with-secrets", "a topology file holds no secret", why, remedy, "secret")
        raise Problems("no secret", [problem])
    keys = stack_secret(stack, Path.cwd(), _KEYS_OUTPUT)
    key = cast("Mapping[str, object]", keys).get(plan.name) if isinstance(keys, Mapping) else None
    if not isinstance(key, str):
        what = f"the output {_KEYS_OUTPUT} has no key of {plan.name}"
        raise Problems("no secret", [Problem(f"stack {stack}", what, why, "deploy the stack first", "secret")])
    return key


def _no_secret(form: Format, with_secrets: bool) -> None:
    if with_secrets:
        raise typer.BadParameter(f"--format {form.value} holds no secret; --with-secrets goes with opnsense and linux")
