"""Classes of addresses speak for every address: against brute force over every pair, in random networks."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given, note, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.routing.brute import brute_verdict
from vpner.routing import AddressClass, Verdict, all_flows, failable, solve
from vpner.topology import (
    BgpSession,
    Circuit,
    CircuitPath,
    ErConnection,
    ErGateway,
    Filter,
    NextHopType,
    Peering,
    Preference,
    Router,
    RouterNic,
    RouteServer,
    RouteTable,
    Static,
    Subnet,
    Topology,
    Underlay,
    UserRoute,
    VNet,
    VpnConnection,
    VpnGateway,
    VpnInstance,
)

UNIVERSE = [*IPv4Network("10.0.0.0/26"), IPv4Address("10.9.9.9"), IPv4Address("198.51.100.1")]
"""Hub 10.0.0.0/28, spoke 10.0.0.16/28, sites 10.0.0.32/27; a private and a public address outside."""

PREFIXES = [
    IPv4Network(text)
    for text in (
        "10.0.0.32/27",
        "10.0.0.32/28",
        "10.0.0.48/28",
        "10.0.0.40/32",
        "10.0.0.0/26",
        "10.0.0.0/8",
        "0.0.0.0/0",
    )
]
AZURE = [IPv4Network(text) for text in ("10.0.0.0/28", "10.0.0.16/28", "10.0.0.9/32", "10.0.0.10/32", "10.0.0.8/29")]
NVA, ENDPOINTS, PROVIDER = IPv4Address("10.0.0.2"), ("10.0.0.40", "10.0.0.41"), IPv4Address("10.0.0.60")


def some(values: list[IPv4Network], most: int = 3) -> st.SearchStrategy[tuple[IPv4Network, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=most).map(tuple)


def filters(values: list[IPv4Network]) -> st.SearchStrategy[Filter]:
    return st.builds(
        Filter,
        permit=st.none() | some(values),
        deny=some(values, 2),
        prepend=st.sampled_from([(), (65001,), (65001, 65001, 65001)]),
    )


@st.composite
def user_routes(draw: DrawFn) -> tuple[UserRoute, ...]:
    kinds = [NextHopType.VIRTUAL_APPLIANCE, NextHopType.NONE, NextHopType.INTERNET]
    found: list[UserRoute] = []
    for prefix in draw(some([*PREFIXES, *AZURE])):
        kind = draw(st.sampled_from(kinds))
        hop = draw(st.sampled_from([NVA, IPv4Address("10.0.0.3")])) if kind is NextHopType.VIRTUAL_APPLIANCE else None
        found.append(UserRoute(prefix, kind, hop))
    return tuple(found)


@st.composite
def devices(draw: DrawFn, number: int) -> tuple[Router, VpnConnection]:
    """A device and its connection."""
    endpoint = IPv4Address(ENDPOINTS[number])
    hops = st.sampled_from([PROVIDER, IPv4Address("172.16.1.2"), IPv4Address("10.0.0.63"), None])
    statics = tuple(Static(prefix, draw(hops)) for prefix in draw(some([*AZURE, *PREFIXES[:5]])))
    device = Router(f"device{number}", 65001 + number, (), (endpoint,), draw(some(PREFIXES[:6])), statics)
    connection = VpnConnection(
        f"site{number}",
        "vpn",
        device.name,
        remote_ip=IPv4Address(f"169.254.0.{number + 1}"),
        remote_endpoint=endpoint,
        over=draw(st.sampled_from(Underlay)),
        static_prefixes=draw(some(PREFIXES[:4], 1)),
        exports=draw(filters(AZURE)),
        imports=draw(filters(PREFIXES)),
    )
    return device, connection


@st.composite
def networks(draw: DrawFn) -> Topology:
    """A hub with both gateways, a spoke with user-defined routes, an appliance, a provider and one or two devices."""
    sites = [draw(devices(number)) for number in range(draw(st.integers(1, 2)))]
    table = RouteTable("udr", draw(user_routes()), draw(st.booleans()))
    hub_subnets = (
        Subnet("vm", IPv4Network("10.0.0.0/30")),
        Subnet("RouteServerSubnet", IPv4Network("10.0.0.4/30")),
        Subnet("GatewaySubnet", IPv4Network("10.0.0.8/29")),
    )
    server = RouteServer(
        "rs",
        "hub",
        (IPv4Address("10.0.0.5"), IPv4Address("10.0.0.6")),
        branch_to_branch=draw(st.booleans()),
        preference=draw(st.sampled_from(Preference)),
    )
    instances = tuple(
        VpnInstance(IPv4Address(f"10.0.0.{11 + index}"), IPv4Address(f"10.0.0.{9 + index}")) for index in range(2)
    )
    paths = tuple(
        CircuitPath(
            name,
            IPv4Address(f"192.0.2.{index}"),
            draw(st.sampled_from(["provider", "provider", "device0"])),
            IPv4Address(f"172.16.{index}.2"),
            IPv4Address(f"172.16.{index}.1"),
            to_router=draw(filters(AZURE)),
            from_router=draw(filters(PREFIXES)),
        )
        for index, name in ((1, "primary"), (2, "secondary"))
    )
    statics = tuple(
        Static(prefix, IPv4Address(draw(st.sampled_from(ENDPOINTS))), True) for prefix in draw(some(PREFIXES[2:4]))
    )
    provider = Router("provider", 64999, (), (PROVIDER,), draw(some(PREFIXES[:6])), statics)
    appliance = Router("nva", None, (RouterNic("hub", "vm", NVA),))
    inner = tuple(BgpSession(f"inner{number}", "provider", f"device{number}") for number in range(len(sites)))
    return Topology(
        vnets=(
            VNet("hub", (IPv4Network("10.0.0.0/28"),), hub_subnets),
            VNet("spoke", (IPv4Network("10.0.0.16/28"),), (Subnet("vm", IPv4Network("10.0.0.16/29"), "udr"),)),
        ),
        peerings=(
            Peering("hub", "spoke", allow_gateway_transit=True),
            Peering("spoke", "hub", use_remote_gateways=draw(st.booleans())),
        ),
        route_tables=(table,),
        vpn_gateways=(VpnGateway("vpn", "hub", instances, active_active=True),),
        er_gateways=(ErGateway("er", "hub", (IPv4Address("10.0.0.13"),)),),
        route_servers=(server,) if draw(st.booleans()) else (),
        circuits=(Circuit("c", paths),),
        er_connections=(ErConnection("er-c", "er", "c"),),
        routers=(provider, appliance, *(device for device, _ in sites)),
        vpn_connections=tuple(connection for _, connection in sites),
        bgp_sessions=inner if draw(st.booleans()) else (),
    )


@settings(max_examples=150, deadline=None)
@given(topology=networks(), data=st.data())
def test_classes_give_every_pair_of_addresses_the_verdict_of_brute_force(
    topology: Topology, data: st.DataObject
) -> None:
    failed = frozenset(data.draw(st.lists(st.sampled_from(failable(topology)), max_size=2)))
    solution = solve(topology, failed=failed)
    by_source: dict[tuple[str, str], list[tuple[AddressClass, Verdict]]] = {}
    for item in all_flows(topology, solution):
        key = item.flow.source.kind.value, item.flow.source.name
        by_source.setdefault(key, []).append((item.flow.destination, item.verdict))
    assert ("subnet", "spoke/vm") in by_source
    for (kind, name), found in by_source.items():
        for address in UNIVERSE:
            mine = [verdict for item, verdict in found if address in item]
            assert len(mine) == 1, f"{address} is in {len(mine)} classes"
            theirs = brute_verdict(topology, solution, kind, name, address)
            note(f"{kind} {name} -> {address}: {mine[0]}, brute force {theirs}")
            assert mine[0].value == theirs
