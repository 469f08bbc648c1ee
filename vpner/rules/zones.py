"""Rules on availability zones: what a VPN gateway with private tunnel addresses is made of."""

from __future__ import annotations

from collections.abc import Iterator

from vpner.plan.skus import VPN_GATEWAY_SKUS
from vpner.readers.resources import UNKNOWN, Elsewhere, Resource, Value, has_unknown, look_up, mappings
from vpner.rules.gateways import ON_TUNNEL, tunnel_gateways
from vpner.rules.network import Network, same_word
from vpner.rules.registry import Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation

_PRIVATE_PEERING = "Learn: Site-to-site VPN connections over ExpressRoute private peering, 2023-07-28"
_ZONAL = {sku.casefold() for sku in VPN_GATEWAY_SKUS}
_STANDARD = "sku: {name: Standard}, publicIPAllocationMethod: Static, zones: ['1', '2', '3']"


@rule(
    "az-gateway-sku",
    Severity.HIGH,
    needs=(*ON_TUNNEL, "VirtualNetworkGateway.sku.name", "VirtualNetworkGateway.sku.tier"),
    facts=(_PRIVATE_PEERING, "Learn: VPN Gateway SKU consolidation, 2026-02-03"),
    why="Only VpnGw1AZ to VpnGw5AZ have private tunnel addresses; with another SKU Azure refuses the connection that "
    "uses them, and no other can be created any more",
    remedy="write sku: {name: VpnGw1AZ, tier: VpnGw1AZ}, or a larger one up to VpnGw5AZ",
    fails=(
        Example(
            "the SKU has no zones",
            (Edit("vpn-gateway", "sku.name", "VpnGw1"), Edit("vpn-gateway", "sku.tier", "VpnGw1")),
        ),
        Example("the tier has no zones", (Edit("vpn-gateway", "sku.tier", "VpnGw1"),)),
        Example("the SKU is Basic", (Edit("vpn-gateway", "sku.name", "Basic"),)),
    ),
    passes=(
        Example("the SKU is VpnGw1AZ"),
        Example("the tier is left to Azure, which takes the name's", (Edit("vpn-gateway", "sku.tier", None),)),
        Example(
            "the gateway has no private address and no tunnel over private peering",
            (
                Edit("vpn-gateway", "sku.name", "VpnGw1"),
                Edit("vpn-gateway", "enablePrivateIpAddress", None),
                Edit("connection", "useLocalAzureIpAddress", None),
                Edit("local", "gatewayIpAddress", "203.0.113.4"),
            ),
        ),
    ),
    unknown=(
        Example("the SKU is unknown", (Edit("vpn-gateway", "sku", UNKNOWN),)),
        Example("its tier is unknown", (Edit("vpn-gateway", "sku.tier", UNKNOWN),)),
        Example("the program leaves the SKU to Azure", (Edit("vpn-gateway", "sku", None),)),
    ),
)
def az_gateway_sku(network: Network) -> Iterator[Verdict]:
    """A VPN gateway with private tunnel addresses has an AZ SKU.

    Which SKU Azure takes where none is written is not documented, so that is INCONCLUSIVE.
    """
    for gateway in tunnel_gateways(network):
        given: dict[str, Value] = {key: gateway.get(key) for key in ("sku.name", "sku.tier")}
        wrong = [
            f"{key} is {value}"
            for key, value in given.items()
            if isinstance(value, str) and value.casefold() not in _ZONAL
        ]
        unknown = [key for key, value in given.items() if value is UNKNOWN]
        if wrong:
            yield violation(gateway, f"{' and '.join(wrong)}, and the gateway has private tunnel addresses")
        elif unknown:
            yield inconclusive(gateway, f"{' and '.join(unknown)} is unknown", "write the SKU as a literal")
        elif given["sku.name"] is None:
            yield inconclusive(gateway, "sku.name is not written, and Azure's default is not documented")
        else:
            yield passed(gateway)


@rule(
    "zonal-gateway-addresses",
    Severity.HIGH,
    needs=(
        *ON_TUNNEL,
        "VirtualNetworkGateway.ipConfigurations[].publicIPAddress.id",
        "PublicIPAddress.sku.name",
        "PublicIPAddress.publicIPAllocationMethod",
        "PublicIPAddress.zones",
    ),
    facts=(
        _PRIVATE_PEERING,
        "GitHub: Azure/ResourceModules#2609 (VmssVpnGatewayPublicIpsMustHaveZonesConfigured), 2026-04-01",
    ),
    why="A gateway with an AZ SKU needs a Standard address in at least one zone for each instance, also where its "
    "tunnels use the private ones; else its creation fails (VmssVpnGatewayPublicIpsMustHaveZonesConfigured)",
    remedy=f"give each ip configuration a public address with {_STANDARD}",
    fails=(
        Example("an address is in no zone", (Edit("vpn-address-0", "zones", None),)),
        Example("an address is Basic", (Edit("vpn-address-1", "sku.name", "Basic"),)),
        Example("an address has no SKU: Azure takes Basic", (Edit("vpn-address-1", "sku", None),)),
        Example("an address is dynamic", (Edit("vpn-address-1", "publicIPAllocationMethod", "Dynamic"),)),
        Example(
            "an instance has no public address", (Edit("vpn-gateway", "ipConfigurations.1.publicIPAddress", None),)
        ),
    ),
    passes=(
        Example("both addresses are Standard and in every zone"),
        Example("an address is in one zone", (Edit("vpn-address-0", "zones", ["2"]),)),
    ),
    unknown=(
        Example("an address's zones are unknown", (Edit("vpn-address-0", "zones", UNKNOWN),)),
        Example("an address's SKU is unknown", (Edit("vpn-address-0", "sku.name", UNKNOWN),)),
        Example(
            "an address is in another stack",
            (
                Edit(
                    "vpn-gateway",
                    "ipConfigurations.0.publicIPAddress.id",
                    "/subscriptions/0/resourceGroups/other/providers/Microsoft.Network/publicIPAddresses/their-ip",
                ),
                Edit("vpn-gateway", "made-from.ipConfigurations", ("gateway-subnet", "vpn-address-1")),
            ),
        ),
    ),
)
def zonal_gateway_addresses(network: Network) -> Iterator[Verdict]:
    """The public addresses of a VPN gateway with private tunnel addresses are Standard and zonal or zone-redundant."""
    for gateway in tunnel_gateways(network):
        addresses = dict[str, Resource]()
        missing: list[int] = []
        outside: list[str] = []
        by_dependency = 1 if gateway.get("ipConfigurations") is UNKNOWN else 0
        for index, configuration in enumerate(mappings(gateway.get("ipConfigurations"))):
            value = look_up(configuration, "publicIPAddress.id")
            found = network.snapshot.resolve(gateway, "ipConfigurations", value, "PublicIPAddress")
            if value is None:
                missing.append(index)
            elif isinstance(found, Elsewhere):
                outside.append(found.id.rpartition("/")[2])
            elif isinstance(value, str) and isinstance(found, Resource):
                addresses[found.urn] = found
            else:
                by_dependency += 1
        candidates = network.snapshot.dependencies(gateway, "ipConfigurations", "PublicIPAddress")
        if by_dependency:
            addresses |= {item.urn: item for item in candidates}
        if missing:
            keys = ", ".join(f"ipConfigurations[{index}]" for index in missing)
            yield violation(gateway, f"{keys} has no publicIPAddress")
        if outside or len(candidates) < by_dependency:
            yield inconclusive(
                gateway,
                f"zones and SKU of the public address {' and '.join(outside) or 'of an ip configuration'} are unknown: "
                "it is not in this stack",
                f"build it in this stack with {_STANDARD}, or except this rule for the gateway",
            )
        yield from (_address(item) for item in addresses.values())


def _address(address: Resource) -> Verdict:
    sku, method, zones = address.get("sku.name"), address.get("publicIPAllocationMethod"), address.get("zones")
    wrong: list[str] = []
    if sku is not UNKNOWN and same_word(sku, "Standard") is not True:
        wrong.append(f"sku.name is {sku or 'absent, which is Basic'}")
    if isinstance(method, str) and same_word(method, "Static") is False:
        wrong.append(f"publicIPAllocationMethod is {method}")
    if zones is None or zones == []:
        wrong.append("zones is empty")
    if wrong:
        return violation(address, f"{', '.join(wrong)}, and a VPN gateway with private tunnel addresses uses it")
    unknown = [
        key
        for key, value in (("sku.name", sku), ("publicIPAllocationMethod", method), ("zones", zones))
        if has_unknown(value)
    ]
    if unknown:
        return inconclusive(address, f"{' and '.join(unknown)} is unknown", f"write literals: {_STANDARD}")
    return passed(address)
