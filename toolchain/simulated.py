"""The stacks on the simulated Azure: what the Makefile's targets do without an account.

    python -m toolchain.simulated preview --stack dev

Everything happens in a work folder under `.vpner/`, with a copy of the stack file: Pulumi writes the salt of its
secrets into that, and a stack file for a real deployment has another one. It runs inside `vpner simulate`.

`up` goes through both stages, with the provider's step between them; `destroy` has the provider give up the circuits
when nothing uses them any more. On real Azure these steps are days apart, and not all of them are ours.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vpner.simulator.azure import listing
from vpner.simulator.provider import SUBSCRIPTION
from vpner.simulator.store import Store

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".vpner"
SALT = "encryptionsalt"
IN_USE = ("**network:VirtualNetworkGatewayConnection**", "**network:ExpressRouteCircuitPeering**")
"""What keeps a provider from giving up a circuit."""


@dataclass(frozen=True, slots=True)
class Work:
    """One stack's work folder."""

    stack: str
    config: dict[str, Any]
    """The stack file's configuration."""
    base: str = "main"
    """The revision that a difference is from."""

    @property
    def folder(self) -> Path:
        return STATE / "work"

    @classmethod
    def prepare(cls, stack: str, base: str = "main") -> Work:
        """Bring the work folder up to date with the project and its stack file."""
        source = ROOT / f"Pulumi.{stack}.yaml"
        if not source.exists():
            known = sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in ROOT.glob("Pulumi.*.yaml"))
            raise SystemExit(f"There is no stack {stack!r}: {source.name} does not exist. Write STACK={known[0]}.")
        work = cls(stack, yaml.safe_load(source.read_text(encoding="utf-8"))["config"], base)
        work.folder.mkdir(parents=True, exist_ok=True)
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
        project["main"] = "../.."
        project["runtime"]["options"]["virtualenv"] = str(ROOT / ".venv")
        (work.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
        work.configure()
        work.run("pulumi", "stack", "select", "--create", stack, quiet=True)
        return work

    @property
    def stack_file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def configure(self, **changed: str) -> None:
        """Write the stack file's configuration, with keys changed."""
        old = yaml.safe_load(self.stack_file.read_text(encoding="utf-8")) if self.stack_file.exists() else {}
        text = {"config": {**self.config, **{f"vpner:{key}": value for key, value in changed.items()}}}
        if SALT in (old or {}):
            text[SALT] = old[SALT]
        self.stack_file.write_text(yaml.safe_dump(text), encoding="utf-8")

    def pulumi(self, verb: str, *arguments: str) -> None:
        options = ["--stack", self.stack, "--non-interactive"]
        options += [] if verb == "preview" else ["--yes", "--skip-preview"]
        options += ["--policy-pack", str(ROOT / "policies")] if verb in ("preview", "up") else []
        self.run("pulumi", verb, *options, *arguments)

    def run(self, *command: str, quiet: bool = False) -> None:
        subprocess.run(command, check=True, cwd=self.folder, capture_output=quiet)

    @property
    def owned(self) -> list[dict[str, Any]]:
        return [circuit for circuit in self.config.get("vpner:circuits", []) if "owned" in circuit]

    def circuit_state(self, name: str) -> str | None:
        """What the provider has done with a circuit of this stack; None if there is no such circuit."""
        group = f"/resourceGroups/{self.config['vpner:resourceGroup']}/".lower()
        suffix = f"/expressRouteCircuits/{name}".lower()
        states = dict(listing(Store(STATE)))
        found = [
            state
            for resource, state in states.items()
            if group in resource.lower() and resource.lower().endswith(suffix)
        ]
        return found[0] if found else None


def preview(work: Work) -> None:
    work.pulumi("preview")


def up(work: Work) -> None:
    waiting = [circuit for circuit in work.owned if work.circuit_state(circuit["name"]) != "Provisioned"]
    if work.config.get("vpner:stage", "ordered") != "provisioned":
        work.pulumi("up")
        say(
            "Stage ordered is deployed. The provider's step comes next (simulated):",
            *(f"  vpner simulate provision {circuit['name']}" for circuit in waiting),
            f"Then set vpner:stage to provisioned in Pulumi.{work.stack}.yaml, and run this again.",
        )
        return
    if waiting:
        say("Stage ordered: everything but the connections.")
        work.configure(stage="ordered")
        work.pulumi("up")
        for circuit in waiting:
            say(f"The provider provisions {circuit['name']} (simulated; in life it takes days).")
            options = provider_options(circuit, work.config.get("vpner:routers", []))
            work.run("vpner", "simulate", "--state", str(STATE), "provision", circuit["name"], *options)
        say("Stage provisioned: the connections.")
        work.configure()
    work.pulumi("up")


def refresh(work: Work) -> None:
    work.pulumi("refresh")


def destroy(work: Work) -> None:
    say("Connections and peerings go first: a circuit in use is not given up.")
    work.pulumi("destroy", *(part for urn in IN_USE for part in ("--target", urn)), "--target-dependents")
    for circuit in work.owned:
        if work.circuit_state(circuit["name"]) == "Provisioned":
            say(f"The provider deprovisions {circuit['name']} (simulated).")
            work.run("vpner", "simulate", "--state", str(STATE), "provision", "--deprovision", circuit["name"])
    say("Then everything else.")
    work.pulumi("destroy")


def drift(work: Work) -> None:
    subscription, group = os.environ[SUBSCRIPTION], work.config["vpner:resourceGroup"]
    given = ["--stack", work.stack, "--subscription", subscription, "--resource-group", group]
    work.run(sys.executable, str(ROOT / "toolchain" / "drift.py"), *given)


def diff(work: Work) -> None:
    # Not in the work folder: a revision is checked out as a whole.
    subprocess.run(["vpner", "diff", work.base, ".", "--stack", work.stack, "--markdown"], check=True, cwd=ROOT)


def recover(work: Work) -> None:
    work.run(sys.executable, str(ROOT / "toolchain" / "recover.py"), "--stack", work.stack)


COMMANDS: dict[str, Callable[[Work], None]] = {
    function.__name__: function for function in (preview, diff, up, refresh, drift, destroy, recover)
}


def provider_options(circuit: dict[str, Any], routers: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A layer 3 provider configures the private peering too, with the links that were agreed."""
    links = [
        (router["asn"], link) for router in routers for link in router["links"] if link["circuit"] == circuit["name"]
    ]
    if circuit["layer"] == 3 and links:
        yield from ("--peer-asn", str(links[0][0]), "--vlan", str(circuit.get("vlanId", 100)))
        for _, link in links:
            yield from (f"--{link['path']}", link["prefix"])


def say(*lines: str) -> None:
    print(*("", *lines), sep="\n", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--base", default="main", help="revision of git that diff begins with")
    options = parser.parse_args(arguments)
    try:
        COMMANDS[options.command](Work.prepare(options.stack, options.base))
    except subprocess.CalledProcessError as failed:
        if failed.stderr:
            sys.stderr.buffer.write(failed.stderr)
        return failed.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
