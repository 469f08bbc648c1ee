"""Drift: the reference lab as written by hand beside a deployment in which somebody has changed one thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.compare.asking import compared, documents
from tests.readers.stacks import example, snapshot
from tests.simulator.rest.deployed import Deployed, deploy
from tests.support.stacks import stack_config
from vpner.comparison import Cause, compare
from vpner.readers.compare import bind, bindings
from vpner.readers.observed import read_observed
from vpner.readers.stack import read_stack
from vpner.simulator.rest.network import OUTSIDE_FILE

Change = Callable[[Deployed], object]

LAB = example("reference-lab")
SERVER, TUNNEL = "virtualHubs/az-hub-rs", "connections/az-hub-to-branch-opnnva-conn"
CONNECTION, ITSELF = TUNNEL.replace("/", " "), "the resource itself"
SPOKE_SUBNET = "virtualNetworks/az-spk1-vnet/subnets/subnet1"
SPOKE_NIC, BRANCH_NIC = "effective_routes az-spk1-lxvm-nic", "effective_routes branch-vm1VMNic"
LOCATION = {"location": "southcentralus"}


def put(path: str, **properties: Any) -> Change:
    return lambda lab: lab.change(path, **properties)


def delete(*paths: str) -> Change:
    return lambda lab: [lab.azure.delete(lab.id(path)) for path in paths]


def device(**properties: Any) -> Change:
    """The appliance is configured in another way."""

    def change(lab: Deployed) -> None:
        outputs = lab.registered("device")
        lab.register({**outputs, "device": {**outputs["device"], **properties}})

    return change


def provider(**properties: Any) -> Change:
    """The provider's router is configured in another way."""

    def change(lab: Deployed) -> None:
        outputs = lab.registered("routers")
        lab.register({**outputs, "routers": [{**outputs["routers"][0], **properties}]})

    return change


def edges(lab: Deployed) -> None:
    """Microsoft moves the circuit to another edge."""
    outputs = lab.registered("circuits")
    moved = [{**item, "mseeNextHop": {"primary": "10.3.129.66"}} for item in outputs["circuits"]]
    lab.register({**outputs, "circuits": moved})


def route_table(subnet: str, propagate: bool, *routes: tuple[str, str, str | None]) -> Change:
    def change(lab: Deployed) -> None:
        listed = [
            {"name": f"r{index}", "addressPrefix": prefix, "nextHopType": kind, "nextHopIpAddress": hop}
            for index, (prefix, kind, hop) in enumerate(routes)
        ]
        table = lab.id("routeTables/drift")
        lab.azure.put(table, {**LOCATION, "disableBgpRoutePropagation": not propagate, "routes": listed})
        lab.change(subnet, routeTable={"id": table})

    return change


def no_transit(lab: Deployed) -> None:
    lab.change("virtualNetworks/az-spk1-vnet/virtualNetworkPeerings/az-spk1-to-az-hub", useRemoteGateways=False)


def another_spoke(lab: Deployed) -> None:
    lab.azure.put(lab.id("virtualNetworks/new"), {**LOCATION, "addressSpace": {"addressPrefixes": ["10.0.9.0/24"]}})
    for owner, remote, flags in (
        ("az-hub-vnet", "new", {"allowGatewayTransit": True}),
        ("new", "az-hub-vnet", {"useRemoteGateways": True}),
    ):
        body = {"remoteVirtualNetwork": {"id": lab.id(f"virtualNetworks/{remote}")}, **flags}
        lab.azure.put(lab.id(f"virtualNetworks/{owner}/virtualNetworkPeerings/to-{remote}"), body)


def another_tunnel(lab: Deployed) -> None:
    local = {
        **LOCATION,
        "gatewayIpAddress": "192.0.2.9",
        "localNetworkAddressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
    }
    lab.azure.put(lab.id("localNetworkGateways/other"), local)
    body = {
        **LOCATION,
        "connectionType": "IPsec",
        "virtualNetworkGateway1": {"id": lab.id("virtualNetworkGateways/az-hub-vpngw")},
        "localNetworkGateway2": {"id": lab.id("localNetworkGateways/other")},
        "sharedKey": "a-key",
    }
    lab.azure.put(lab.id("connections/other"), body)


def another_appliance(lab: Deployed) -> None:
    lab.azure.put(lab.id("virtualHubs/az-hub-rs/bgpConnections/rogue"), {"peerIp": "10.0.0.20", "peerAsn": 65020})
    declared = {"routers": {"rogue": {"networks": ["10.66.0.0/16"]}}}
    (lab.folder / OUTSIDE_FILE).write_text(json.dumps(declared))


def without_machine(lab: Deployed) -> None:
    lab.azure.delete(lab.id("virtualMachines/az-spk1-lxvm").replace("Microsoft.Network", "Microsoft.Compute"))
    lab.azure.delete(lab.id("networkInterfaces/az-spk1-lxvm-nic"))


def another_peer_address(lab: Deployed) -> None:
    lab.change("localNetworkGateways/branch-opnnva-lgw", bgpSettings={"asn": 65510, "bgpPeeringAddress": "169.254.0.9"})


PROVIDER_STATIC = "10.100.0.4/32"
ANNOUNCED = ["10.0.0.0/8", "10.100.0.0/24"]
DRIFTS: dict[str, tuple[Change, Cause, str, str]] = {
    "preference set back to the default": (
        put(SERVER, hubRoutingPreference="ExpressRoute"), Cause.NEXT_HOP, SPOKE_NIC, "10.100.0.0/24"),
    "branch-to-branch switched off": (
        put(SERVER, allowBranchToBranchTraffic=False), Cause.MISSING,
        "gateway_advertised az-hub-vpngw/branch-opnnva", PROVIDER_STATIC),
    "a user-defined route to an appliance": (
        route_table(SPOKE_SUBNET, True, ("10.100.0.0/24", "VirtualAppliance", "10.0.0.20")), Cause.STATE, SPOKE_NIC,
        "10.100.0.0/24"),
    "a more specific user-defined route": (
        route_table(SPOKE_SUBNET, True, ("10.100.0.96/27", "Internet", None)), Cause.EXTRA, SPOKE_NIC,
        "10.100.0.96/27"),
    "propagation switched off in a spoke": (
        route_table(SPOKE_SUBNET, False), Cause.MISSING, SPOKE_NIC, "10.100.0.0/24"),
    "a spoke that uses the hub's gateways no longer": (no_transit, Cause.MISSING, SPOKE_NIC, "10.100.0.0/24"),
    "another spoke": (another_spoke, Cause.EXTRA, "gateway_advertised az-hub-vpngw/branch-opnnva", "10.0.9.0/24"),
    "another prefix of the hub": (
        put("virtualNetworks/az-hub-vnet", addressSpace={"addressPrefixes": ["10.0.0.0/24", "10.0.3.0/24"]}),
        Cause.EXTRA, SPOKE_NIC, "10.0.3.0/24"),
    "the tunnel's connection deleted": (delete(TUNNEL), Cause.MISSING, CONNECTION, ITSELF),
    "the hub's circuit disconnected": (
        delete("connections/azure-er-circuit-conn-az-hub"), Cause.MISSING, SPOKE_NIC, "10.100.0.4/32"),
    "the branch's circuit disconnected": (
        delete("connections/branch-er-circuit-conn-branch"), Cause.STATE, CONNECTION, "connectionStatus"),
    "a gateway that refuses other virtual networks": (
        put("virtualNetworkGateways/branch-ergw", allowRemoteVnetTraffic=False), Cause.MISSING,
        "gateway_learned branch-ergw/0", "10.0.0.0/24"),
    "the tunnel moved to public addresses": (
        put(TUNNEL, useLocalAzureIpAddress=False), Cause.UNDERLAY, CONNECTION, "useLocalAzureIpAddress"),
    "another connection of the gateway": (another_tunnel, Cause.EXTRA, "connections other", ITSELF),
    "the peer's address changed": (
        another_peer_address, Cause.STATE, "bgp_peers az-hub-vpngw", "instances connected to 169.254.0.1"),
    "an appliance that peers with Route Server": (
        another_appliance, Cause.EXTRA, "bgp_connections az-hub-rs/rogue", ITSELF),
    "a network interface deleted": (without_machine, Cause.MISSING, SPOKE_NIC, ITSELF),
    "the branch's workload sent past the appliance": (
        put("virtualNetworks/branch-vnet/subnets/subnet1", routeTable=None), Cause.EXTRA, BRANCH_NIC, "10.0.0.0/24"),
    "the provider's route to the endpoint lost": (provider(statics=[]), Cause.MISSING, SPOKE_NIC, PROVIDER_STATIC),
    "the provider's router with another AS number": (
        provider(asn=65009), Cause.PATH, "circuit_routes azure-er-circuit/primary", "10.100.0.0/24"),
    "a network that the provider announces": (
        provider(networks=["10.77.0.0/16"]), Cause.EXTRA, SPOKE_NIC, "10.77.0.0/16"),
    "a network that the device announces": (
        device(advertises=[*ANNOUNCED, "10.200.0.0/16"]), Cause.EXTRA, SPOKE_NIC, "10.200.0.0/16"),
    "a network that the device announces no longer": (
        device(advertises=ANNOUNCED[1:]), Cause.TYPE, SPOKE_NIC, "10.0.0.0/8"),
    "a device that prepends": (
        device(prepend=2), Cause.PATH, "gateway_learned az-hub-vpngw/0", "10.100.0.0/24"),
    "another edge of Microsoft's": (edges, Cause.NEXT_HOP, SPOKE_NIC, PROVIDER_STATIC),
}  # fmt: skip
"""What somebody changed; the cause that must be found, where, and for what."""


def test_there_are_twenty_drifts_at_least() -> None:
    assert len(DRIFTS) >= 20


@pytest.mark.parametrize("what", DRIFTS)
def test_drift_is_found_with_its_cause(lab: Deployed, what: str) -> None:
    change, cause, where, subject = DRIFTS[what]
    change(lab)
    found = compared(lab, LAB)
    assert (cause, where, subject) in {(item.cause, item.where, item.subject) for item in found.differences}, "\n".join(
        map(str, found.differences)
    )


def test_what_could_not_be_asked_is_unclear_and_no_difference(lab: Deployed) -> None:
    lab.azure.delete(lab.id("virtualMachines/az-spk1-lxvm").replace("Microsoft.Network", "Microsoft.Compute"))
    found = compared(lab, LAB)
    assert found.differences == ()
    assert [text.partition(" ")[0] for text in found.unclear] == ["effective_routes/az-spk1-lxvm-nic:"]
    assert "SimNicNotAttached" in found.unclear[0]


def test_a_site_with_two_devices_and_two_circuits_is_as_its_preview_predicts(tmp_path: Path) -> None:
    site = deploy(tmp_path / "azure", "prod", stage="provisioned")
    previewed = read_stack(snapshot("prod", preview=True, stage="provisioned"))
    network = bind(previewed, bindings(previewed, site.network().topology))
    asked = documents(site, network, [stack_config("prod")["vpner:resourceGroup"]])
    found = compare(network, read_observed(asked, network))
    assert (found.differences, found.unclear, found.asymmetries) == ((), (), ())
    assert found.tables == 11
    assert [(proof.status, len(proof.tunnels)) for proof in found.proofs] == [("Connected", 2)] * 2


def test_what_nobody_has_changed_is_equal(lab: Deployed) -> None:
    found = compared(lab, LAB)
    assert found.differences == ()
    assert found.unclear == ()
    assert (found.tables, found.rows) == (17, 121)
