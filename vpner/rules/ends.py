"""Both ends of a connection, and where they say different things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address

from vpner.plan.bgp import AZURE_ASN
from vpner.plan.crypto import CryptoProfile
from vpner.readers.resources import Resource, Value, has_unknown, mappings
from vpner.readers.stack.draft import text_list
from vpner.rules.network import IpsecConnection, Network, flag, parse_address

_CUSTOM = "bgpSettings.bgpPeeringAddresses"
_PROFILE = {
    "ike_encryption": "ikeEncryption",
    "ike_integrity": "ikeIntegrity",
    "dh_group": "dhGroup",
    "ipsec_encryption": "ipsecEncryption",
    "ipsec_integrity": "ipsecIntegrity",
    "pfs_group": "pfsGroup",
}


def private_connections(network: Network) -> Iterator[IpsecConnection]:
    """Connections over private peering."""
    return (item for item in network.ipsec_connections if item.over_private_peering is True)


def plan_of(network: Network, connection: IpsecConnection) -> Mapping[str, Value]:
    """What a component registered of the device at the connection's endpoint; empty if none did."""
    for _, plan in network.snapshot.registered("device", "devices"):
        if isinstance(connection.endpoint, IPv4Address) and parse_address(plan.get("endpoint")) == connection.endpoint:
            return plan
    return {}


class Ends:
    """A connection between a gateway and a device. Each method yields what the two say differently.

    ``plan`` is what a component registered of the device; empty if none did.
    """

    def __init__(self, connection: Resource, gateway: Resource, local: Resource, plan: Mapping[str, Value]) -> None:
        self.connection = connection
        self.gateway = gateway
        self.local = local
        self.plan = plan

    def tunnels(self) -> Iterator[str]:
        """One tunnel to each instance, with BGP between the addresses that both ends have."""
        planned = self.plan.get("tunnels")
        if not self.plan or has_unknown(planned):
            return
        tunnels = mappings(planned)
        for index in range(2 if flag(self.gateway, "activeActive") is True else 1):
            found = [item for item in tunnels if item.get("remote") in self._names(index)]
            if not found:
                yield f"the plan of {self.plan.get('name')} has no tunnel to {self.gateway} instance {index}"
            elif flag(self.connection, "enableBgp") is True:
                yield from self._session(found[0], index)

    def _names(self, index: int) -> tuple[str, ...]:
        """What an instance's tunnel address is called: its Symbol, or the addresses, once they are known."""
        listed = mappings(self.gateway.get(_CUSTOM))
        known = text_list(listed[index].get("tunnelIpAddresses")) if index < len(listed) else []
        return f"{self.gateway.physical_name}.instances[{index}].tunnel", *known

    def _session(self, tunnel: Mapping[str, Value], index: int) -> Iterator[str]:
        peer, ours, theirs = (
            self.local.get("bgpSettings.bgpPeeringAddress"),
            tunnel.get("innerLocal"),
            tunnel.get("innerRemote"),
        )
        if isinstance(peer, str) and ours != peer:
            yield f"bgpPeeringAddress of {self.local} is {peer}, and the device speaks from {ours}"
        listed = mappings(self.gateway.get(_CUSTOM))
        custom = listed[index].get("customBgpIpAddresses") if index < len(listed) else None
        if text_list(custom) and not has_unknown(custom) and theirs not in text_list(custom):
            yield f"customBgpIpAddresses of instance {index} has no {theirs}, which is the device's neighbour there"
        neighbours = self.plan.get("neighbours")
        if has_unknown(neighbours):
            return
        asns = [item.get("asn") for item in mappings(neighbours) if item.get("address") == theirs]
        asn = self.gateway.get("bgpSettings.asn")
        if not asns:
            yield f"the plan of {self.plan.get('name')} has no BGP neighbour {theirs}"
        elif asn in (None, AZURE_ASN) and AZURE_ASN not in asns:  # another ASN of the gateway has rules of its own
            yield f"the plan's neighbour {theirs} has the ASN {asns[0]}, and the gateway {AZURE_ASN}"

    def proposals(self) -> Iterator[str]:
        """The device's proposals are those of the policy; a policy that is no complete, strong one has other rules."""
        policies = mappings(self.connection.get("ipsecPolicies"))
        profile = {key: policies[0].get(name) for key, name in _PROFILE.items()} if len(policies) == 1 else {}
        texts = {key: value for key, value in profile.items() if isinstance(value, str)}
        if len(texts) < len(_PROFILE):
            return
        crypto = CryptoProfile(**texts)  # type: ignore[arg-type]
        if any(crypto.problems()):
            return
        for key, proposal in (("ikeProposal", crypto.ike_proposal), ("espProposal", crypto.esp_proposal)):
            given = self.plan.get(key)
            if isinstance(given, str) and given != proposal:
                yield f"ipsecPolicies[0] is {proposal}, and {key} of the plan of {self.plan.get('name')} {given}"
