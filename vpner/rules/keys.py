"""Rules on pre-shared keys. They are judged by what a key was made from, never by its value: that is not even read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from vpner.readers.resources import SECRET, UNKNOWN, Elsewhere, Resource, Unknown
from vpner.rules.network import IpsecConnection, Network
from vpner.rules.registry import MADE_FROM, Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation

_MADE_FROM_KEY = f"{MADE_FROM}sharedKey"
_ADOPTED = Example(
    "the program writes no key: the connection is adopted, or Azure generates one",
    (Edit("connection", "sharedKey", None), Edit("connection", _MADE_FROM_KEY, None)),
)
_GENERATE = (
    "generate it, for example sharedKey: RandomPassword(length=64, special=False).result, one for each device, or take "
    "it from a secret's resource"
)
_OTHER_LOCAL = "/subscriptions/0/resourceGroups/lab/providers/Microsoft.Network/localNetworkGateways/other-fw"
_SECOND = (
    Edit("hub-er-connection", "connectionType", "IPsec"),
    Edit("hub-er-connection", "peer", None),
    Edit("hub-er-connection", "localNetworkGateway2", {"id": _OTHER_LOCAL}),
    Edit("hub-er-connection", "sharedKey", SECRET),
)
"""A second tunnel, to another device."""
_SAME_KEY = Edit("hub-er-connection", _MADE_FROM_KEY, ("key",))


@rule(
    "key-not-literal",
    Severity.HIGH,
    needs=("VirtualNetworkGatewayConnection.connectionType", "VirtualNetworkGatewayConnection.sharedKey"),
    facts=("NIST SP 800-77 Rev. 1: Guide to IPsec VPNs, pre-shared keys, 2020",),
    why="A key that stands in a program or its configuration is read by whoever reads these, is seldom random and "
    "never renewed. A key from Pulumi's secret configuration cannot be told from one in the program: it, too, was made "
    "by no resource",
    remedy=f"{_GENERATE}; if the key must come from secret configuration, write an exception from this rule for the "
    "connection, with reason, owner and expiry",
    fails=(Example("no resource made the key", (Edit("connection", _MADE_FROM_KEY, None),)),),
    passes=(
        Example("the key is another resource's output"),
        Example(
            "it is another resource's output, and not known yet",
            (Edit("connection", "sharedKey", UNKNOWN),),
        ),
        _ADOPTED,
    ),
    unknown=(
        Example(
            "nobody knows what the key was made from",
            (Edit("connection", "sharedKey", UNKNOWN), Edit("connection", _MADE_FROM_KEY, None)),
        ),
    ),
)
def key_not_literal(network: Network) -> Iterator[Verdict]:
    """A pre-shared key is another resource's output, not a text in the program.

    Absent is fine: the key is set elsewhere, or Azure generates one.
    """
    for connection in _connections(network):
        key, makers = connection.resource.get("sharedKey"), connection.resource.references.get("sharedKey", ())
        if key is None or makers:
            yield passed(connection.resource)
        elif key is UNKNOWN:
            yield inconclusive(connection.resource, "sharedKey is unknown, and it depends on no resource", _GENERATE)
        else:
            yield violation(connection.resource, "sharedKey is set, and no resource made it")


@rule(
    "key-not-shared",
    Severity.HIGH,
    needs=(
        "VirtualNetworkGatewayConnection.connectionType",
        "VirtualNetworkGatewayConnection.sharedKey",
        "VirtualNetworkGatewayConnection.localNetworkGateway2.id",
        "LocalNetworkGateway.gatewayIpAddress",
        "LocalNetworkGateway.fqdn",
    ),
    facts=(
        "RFC 7296: Internet Key Exchange Protocol Version 2, section 2.15, 2014",
        "NIST SP 800-77 Rev. 1: Guide to IPsec VPNs, pre-shared keys, 2020",
    ),
    why="Whoever has one device's key can pose as every other device with the same key, and as the gateway",
    remedy="generate a key of its own for each device",
    fails=(Example("another device's connection has the same key", (*_SECOND, _SAME_KEY)),),
    passes=(
        Example("there is one connection"),
        Example(
            "another device's connection has a key of its own",
            (*_SECOND, Edit("hub-er-connection", _MADE_FROM_KEY, ("hub-er-authorization",))),
        ),
        _ADOPTED,
    ),
    unknown=(
        Example(
            "the keys are the same resource's, and so may the devices be",
            (*_SECOND, _SAME_KEY, Edit("hub-er-connection", "localNetworkGateway2.id", UNKNOWN)),
        ),
    ),
)
def key_not_shared(network: Network) -> Iterator[Verdict]:
    """Connections to different devices have different pre-shared keys.

    Two keys are taken for the same if they were made from the same resources. Keys made from a resource that holds
    many secrets, a vault or another stack, may differ, and are INCONCLUSIVE.
    """
    keyed = [item for item in _connections(network) if item.resource.references.get("sharedKey")]
    shared: set[str] = set()
    for first, second in combinations(keyed, 2):
        makers = set(first.resource.references["sharedKey"])
        if makers != set(second.resource.references["sharedKey"]) or second.resource.urn in shared:
            continue
        same = _same_device(first, second)
        if same is True:
            continue
        shared.add(second.resource.urn)
        names = " and ".join(sorted(urn.rpartition("::")[2] for urn in makers))
        what = f"sharedKey is made from {names}, as that of {first.resource}"
        if same is UNKNOWN:
            yield inconclusive(second.resource, f"{what}, and whether both lead to one device is unknown")
        elif any(_holds_many(urn) for urn in makers):
            remedy = "generate a key for each device in this stack, or except this rule for the connection"
            yield inconclusive(second.resource, f"{what}, and whether the two differ is unknown", remedy)
        else:
            yield violation(second.resource, f"{what}, which leads to another device")
    yield from (passed(item.resource) for item in _connections(network) if item.resource.urn not in shared)


def _connections(network: Network) -> Iterator[IpsecConnection]:
    return (item for item in network.ipsec_connections if network.concerned)


_HOLDERS = ("stackreference", "vault", "keyvault")


def _holds_many(urn: str) -> bool:
    """Whether the resource is of a kind that holds many secrets."""
    parts = urn.split("::")
    kind = parts[2].rpartition("$")[2].rpartition(":")[2] if len(parts) > 3 else ""
    return kind.casefold() in _HOLDERS


def _same_device(first: IpsecConnection, second: IpsecConnection) -> bool | Unknown:
    """By the local network gateway, or by the endpoint that two of them name."""
    one, other = first.local, second.local
    if isinstance(one, Unknown) or isinstance(other, Unknown) or one is None or other is None:
        return UNKNOWN
    if isinstance(one, Elsewhere) or isinstance(other, Elsewhere):
        return isinstance(one, Elsewhere) and isinstance(other, Elsewhere) and one.id.casefold() == other.id.casefold()
    return one == other or _same_endpoint(one, other)


def _same_endpoint(one: Resource, other: Resource) -> bool | Unknown:
    ends = [(item.get("gatewayIpAddress"), item.get("fqdn")) for item in (one, other)]
    return UNKNOWN if any(UNKNOWN in end for end in ends) else ends[0] == ends[1]
