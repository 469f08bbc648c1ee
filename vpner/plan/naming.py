"""Physical names of resources. One place, so that the reference lab keeps the names that its readers know."""

from __future__ import annotations


def vnet(owner: str) -> str:
    return f"{owner}-vnet"


def network_security_group(owner: str) -> str:
    return f"{owner}-nsg"


def route_table(owner: str) -> str:
    return f"{owner}-udr"


def force_vpn_route_table(owner: str) -> str:
    return f"{owner}-forcevpn-udr"


def peering(local: str, remote: str) -> str:
    return f"{local}-to-{remote}"


def test_vm(owner: str) -> str:
    return f"{owner}-lxvm"


def test_vm_nic(vm: str) -> str:
    return f"{vm}-nic"


def branch_vm(owner: str) -> str:
    return f"{owner}-vm1"


def branch_vm_nic(vm: str) -> str:
    return f"{vm}VMNic"


def express_route_gateway(owner: str) -> str:
    return f"{owner}-ergw"


def vpn_gateway(owner: str) -> str:
    return f"{owner}-vpngw"


def route_server(owner: str) -> str:
    return f"{owner}-rs"


def bastion(owner: str) -> str:
    return f"{owner}-bastion"


def public_address(resource: str, index: int | None = None) -> str:
    """Name of a resource's public address; ``index`` counts from 0 where it has several."""
    return f"{resource}-pip" if index is None else f"{resource}-pip{index + 1}"


def express_route_connection(circuit: str, owner: str) -> str:
    return f"{circuit}-conn-{owner}"


def vpn_connection(owner: str, device: str) -> str:
    return f"{owner}-to-{device}-conn"


def local_network_gateway(device: str) -> str:
    return f"{device}-lgw"
