"""Names of resources: the reference lab's readers know them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from vpner.plan import naming

owners = st.from_regex("[a-z][a-z0-9-]{0,14}[a-z0-9]", fullmatch=True)


def test_the_lab_keeps_its_names() -> None:
    # github.com/dmauser/azure-hub-spoke, vpner-hub-spoke, and the base lab that it builds on.
    assert naming.vnet("az-hub") == "az-hub-vnet"
    assert naming.test_vm("az-spk1") == "az-spk1-lxvm"
    assert naming.force_vpn_route_table("branch") == "branch-forcevpn-udr"


@given(owners, owners)
def test_every_name_is_one_that_azure_accepts(owner: str, other: str) -> None:
    # "Naming rules for Azure resources": up to 80 characters, alphanumeric first, alphanumeric or underscore last.
    names = [
        naming.vnet(owner),
        naming.network_security_group(owner),
        naming.route_table(owner),
        naming.force_vpn_route_table(owner),
        naming.peering(owner, other),
        naming.test_vm_nic(naming.test_vm(owner)),
        naming.branch_vm_nic(naming.branch_vm(owner)),
        naming.express_route_gateway(owner),
        naming.vpn_gateway(owner),
        naming.route_server(owner),
        naming.bastion(owner),
        naming.public_address(owner),
        naming.public_address(owner, 0),
        naming.public_address(owner, 1),
        naming.express_route_connection(owner, other),
        naming.vpn_connection(owner, other),
        naming.local_network_gateway(owner),
    ]
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,78}[A-Za-z0-9_]", name)
    assert len(set(names)) == len(names)


def test_public_addresses_are_counted_from_one() -> None:
    assert [naming.public_address("gw", index) for index in (None, 0, 1)] == ["gw-pip", "gw-pip1", "gw-pip2"]
