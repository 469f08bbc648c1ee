"""The project's stacks in a simulated Azure, without Pulumi's engine: the program runs on mocks that PUT for real."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi.runtime import mocks

from tests.policies.support import wire
from tests.support.mocks import SUBSCRIPTION, AzureMocks, Registration, build
from tests.support.stacks import run_program, stack_config
from vpner.arm import arm_id, by_token
from vpner.simulator import carrier
from vpner.simulator.azure import Azure
from vpner.simulator.rest.network import Network, Networks
from vpner.simulator.store import Store

GROUP = "lab-hs-vpner"
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network"


class StoreMocks(AzureMocks):
    """Resources are made in a simulated Azure, and read there."""

    def __init__(self, azure: Azure, location: str) -> None:
        super().__init__()
        self._azure = azure
        self._location = location

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if by_token(args.typ) is None:
            return super().new_resource(args)
        inputs = {"location": self._location, **_whole(wire(args.inputs))}
        resource_id = arm_id(args.typ, inputs, SUBSCRIPTION)
        assert resource_id is not None
        return resource_id, {**inputs, **self._azure.put(resource_id, inputs)}

    def _computed(self, args: mocks.MockResourceArgs) -> dict[str, Any]:
        found = super()._computed(args)
        if args.typ.endswith("RandomPassword"):
            found["result"] = f"Aa1-{found['result']}"
        return found

    def call(self, args: mocks.MockCallArgs) -> Any:
        if args.token == "azure-native:network:getVirtualHub":
            resource_id = arm_id("azure-native:network:VirtualHub", args.args, SUBSCRIPTION)
            assert resource_id is not None
            return self._azure.get(resource_id)
        return super().call(args)


def _whole(value: Any) -> Any:
    """Whole numbers as such: the protocol between program and provider has floating-point numbers only."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True)
class Deployed:
    """A stack that is deployed: the folder is the simulation's."""

    folder: Path

    @property
    def store(self) -> Store:
        return Store(self.folder)

    @property
    def azure(self) -> Azure:
        return Azure(self.store)

    def network(self) -> Network:
        return Networks(self.store).now()

    def id(self, path: str) -> str:
        return f"{NETWORK}/{path}"

    def change(self, path: str, **properties: Any) -> None:
        """PUT a resource as it is, with some properties changed."""
        shown = self.azure.get(self.id(path))
        self.azure.put(self.id(path), {**shown, **properties})

    def copy(self, folder: Path) -> Deployed:
        shutil.copytree(self.folder, folder)
        return Deployed(folder)

    @property
    def stack_file(self) -> Path:
        """Where Pulumi's file backend keeps the stack."""
        return self.folder / "pulumi" / ".pulumi" / "stacks" / "vpner" / "dev.json"

    def registered(self, name: str) -> dict[str, Any]:
        """What components have registered under a name, for example ``device`` or ``routers``."""
        document = json.loads(self.stack_file.read_text())
        found = [item["outputs"] for item in document["checkpoint"]["latest"]["resources"] if name in item["outputs"]]
        return found[0]

    def register(self, outputs: dict[str, Any]) -> None:
        """Components of this deployment have registered something else: what lies outside Azure is different."""
        document = json.loads(self.stack_file.read_text())
        for item in document["checkpoint"]["latest"]["resources"]:
            if item["outputs"].keys() == outputs.keys():
                item["outputs"] = outputs
        self.stack_file.write_text(json.dumps(document))


def deploy(folder: Path, stack: str = "dev", **changes: object) -> Deployed:
    """Deploy a stack file with keys of its configuration changed, through both stages."""
    given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in changes.items()}
    config = stack_config(stack) | {f"vpner:{key}": value for key, value in given.items()}
    azure = Azure(Store(folder))
    mocked = StoreMocks(azure, config["azure-native:location"])
    build(run_program, mocked, config | {"vpner:stage": "ordered"})
    for circuit in json.loads(config["vpner:circuits"]):
        if "owned" not in circuit:
            continue
        links = [
            (router["asn"], link["prefix"], link["path"])
            for router in json.loads(config["vpner:routers"])
            for link in router["links"]
            if link["circuit"] == circuit["name"]
        ]
        prefixes = {path: prefix for _, prefix, path in links}
        peering = None
        if circuit["layer"] == 3:
            peering = carrier.PrivatePeering(100, links[0][0], prefixes["primary"], prefixes.get("secondary"))
        carrier.provision(azure.store, circuit["name"], peering)
    monitor, _ = build(run_program, mocked, config)
    deployed = Deployed(folder)
    components = [item for item in monitor.registrations.values() if not item.custom and item.outputs]
    deployed.stack_file.parent.mkdir(parents=True)
    latest = {"resources": [_exported(item) for item in components]}
    deployed.stack_file.write_text(json.dumps({"version": 3, "checkpoint": {"stack": stack, "latest": latest}}))
    return deployed


def _exported(item: Registration) -> dict[str, Any]:
    return {"urn": item.urn, "type": item.type, "custom": False, "outputs": wire(item.outputs)}
