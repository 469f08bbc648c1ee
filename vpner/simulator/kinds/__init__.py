"""What Azure does for each type: a module a topic, one :class:`~vpner.simulator.kinds.base.Kind` a type."""

from __future__ import annotations

from collections.abc import Mapping

from vpner.simulator.kinds.addresses import PUBLIC_IP_ADDRESS
from vpner.simulator.kinds.base import Kind
from vpner.simulator.kinds.circuits import (
    EXPRESS_ROUTE_CIRCUIT,
    EXPRESS_ROUTE_CIRCUIT_AUTHORIZATION,
    EXPRESS_ROUTE_CIRCUIT_PEERING,
)
from vpner.simulator.kinds.compute import BASTION_HOST, VIRTUAL_MACHINE_EXTENSION, VIRTUAL_MACHINE_KIND
from vpner.simulator.kinds.connections import LOCAL_NETWORK_GATEWAY, VIRTUAL_NETWORK_GATEWAY_CONNECTION
from vpner.simulator.kinds.filters import NETWORK_SECURITY_GROUP, ROUTE_TABLE
from vpner.simulator.kinds.gateways import VIRTUAL_NETWORK_GATEWAY
from vpner.simulator.kinds.groups import RESOURCE_GROUP
from vpner.simulator.kinds.interfaces import NETWORK_INTERFACE
from vpner.simulator.kinds.networks import SUBNET_KIND, VIRTUAL_NETWORK
from vpner.simulator.kinds.peerings import VIRTUAL_NETWORK_PEERING
from vpner.simulator.kinds.route_server import (
    VIRTUAL_HUB,
    VIRTUAL_HUB_BGP_CONNECTION,
    VIRTUAL_HUB_IP_CONFIGURATION,
)

KINDS: Mapping[str, Kind] = {
    kind.type.arm: kind
    for kind in (
        RESOURCE_GROUP,
        VIRTUAL_NETWORK,
        SUBNET_KIND,
        VIRTUAL_NETWORK_PEERING,
        ROUTE_TABLE,
        NETWORK_SECURITY_GROUP,
        PUBLIC_IP_ADDRESS,
        NETWORK_INTERFACE,
        VIRTUAL_NETWORK_GATEWAY,
        VIRTUAL_NETWORK_GATEWAY_CONNECTION,
        LOCAL_NETWORK_GATEWAY,
        EXPRESS_ROUTE_CIRCUIT,
        EXPRESS_ROUTE_CIRCUIT_PEERING,
        EXPRESS_ROUTE_CIRCUIT_AUTHORIZATION,
        VIRTUAL_HUB,
        VIRTUAL_HUB_IP_CONFIGURATION,
        VIRTUAL_HUB_BGP_CONNECTION,
        BASTION_HOST,
        VIRTUAL_MACHINE_KIND,
        VIRTUAL_MACHINE_EXTENSION,
    )
}
"""Every simulated type, by Azure's name of it."""
