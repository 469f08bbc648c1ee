"""``vpner rotate-key``: new pre-shared keys, one connection at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from vpner.cli.exits import Code
from vpner.cli.inputs import AsJson
from vpner.cli.key_world import DeployedKeys
from vpner.cli.output import show_json, show_table
from vpner.problems import Problem, Problems
from vpner.render.grid import Grid
from vpner.rotation import Connection, Key, Selection, Stopped, Waiting, Work, plan_work, rotate, unfinished

_UNKNOWN = "unknown"


def rotate_key(
    stack: Annotated[str, typer.Option("--stack", metavar="NAME", help="Deployed stack of the project around here.")],
    connection: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this VPN connection; may be given again.")
    ] = None,
    made_before: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only keys generated before, in ISO 8601 (2026-11-29 or 2026-11-29T08:00Z). With the same time an "
            "interrupted rotation of several keys goes on, and no key is new twice.",
        ),
    ] = None,
    loaded: Annotated[
        list[str] | None,
        typer.Option(metavar="DEVICE", help="This device has loaded the key that the stack has now."),
    ] = None,
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long to wait for Azure and for the tunnels.")
    ] = 600,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show keys and steps; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give VPN connections new pre-shared keys at both ends, one connection at a time.

    vpner rotate-key --stack prod --connection weu-hub-to-hq-fw1-conn

    A new key is generated in the stack's state, loaded by the device, set in Azure and read back; when the connection
    is Connected, the next one begins. An appliance of the stack is loaded by the command. For other devices it stops
    and says what to load; run it again with --loaded DEVICE. An interrupted command is run again, and goes on where it
    was; without --made-before or --connection it then begins nothing else.

    Exit code 0: the keys are new at both ends and in the state (with --dry-run: every key is the same in state and
    Azure); 1: a connection is not as it should be; 2: a device has to load its key, or Azure does not know whether the
    tunnel is up; 3: bad input.
    """
    selection = Selection(tuple(connection or ()), _time(made_before))
    world = DeployedKeys(stack, Path.cwd(), patience)
    connections = world.read()
    in_azure = {item.name: world.in_azure(item) for item in connections}
    work = plan_work(connections, in_azure, selection, loaded or ())
    if dry_run:
        _show(stack, connections, in_azure, work, as_json)
        raise typer.Exit(Code.VIOLATED if _differing(connections, in_azure) else Code.AS_INTENDED)
    code = Code.AS_INTENDED
    try:
        rotate(world, work, loaded or (), lambda text: typer.echo(text, err=True))
    except Waiting as waiting:
        typer.echo(_to_load(stack, waiting.connection, made_before), err=True)
        code = Code.INCONCLUSIVE
    except Stopped as stopped:
        typer.echo(str(stopped), err=True)
        code = Code.INCONCLUSIVE if stopped.unknown else Code.VIOLATED
    after = world.read()
    left = {item.name: world.in_azure(item) for item in after}
    rest = [Work(item, steps) for item in after if (steps := unfinished(item, left[item.name]))]
    _show(stack, after, left, rest, as_json)
    raise typer.Exit(code)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        why, remedy = "Keys are compared by the time of their making", "write it like 2026-11-29 or 2026-11-29T08:00Z"
        problem = Problem("--made-before", f"{text!r} is no time", why, remedy, "rotation-time")
        raise Problems("cannot rotate keys", [problem]) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _to_load(stack: str, connection: Connection, made_before: str | None) -> str:
    again = f"vpner rotate-key --stack {stack} --loaded {connection.device}"
    if made_before:
        again += f" --made-before {made_before}"
    source = (
        f"vpner handoff --stack {stack} --device {connection.device} --with-secrets --format FORMAT prints it"
        if connection.key_urn
        else "it is the one that was configured"
    )
    return "\n".join(
        [
            f"{connection.name}: {connection.device} has to load its new key next; Azure has the old one.",
            f"  Load it without taking the tunnels down ({source}), then at once: {again}",
        ]
    )


def _differing(connections: Sequence[Connection], in_azure: Mapping[str, Key]) -> bool:
    return any(unfinished(item, in_azure[item.name]) for item in connections)


def _show(
    stack: str,
    connections: Sequence[Connection],
    in_azure: Mapping[str, Key],
    work: Sequence[Work],
    as_json: bool,
) -> None:
    """What each connection's key is, without showing any."""
    steps = {item.connection.name: item.steps for item in work}
    rows = [
        {
            "connection": item.name,
            "device": item.device,
            "keyMade": item.made.isoformat(timespec="seconds") if item.made else _UNKNOWN,
            "inAzure": "same" if in_azure[item.name] == item.key else "another",
            "inState": "same" if item.recorded == item.key else "another",
            "steps": ", ".join(steps.get(item.name, ())),
        }
        for item in connections
    ]
    if as_json:
        show_json({"stack": stack, "connections": [{**row, "steps": steps.get(row["connection"], ())} for row in rows]})
        return
    headers = ("Connection", "Device", "Key made", "In Azure", "In state", "Steps")
    show_table(Grid(headers, tuple(tuple(row.values()) for row in rows)), f"Pre-shared keys of {stack}")
