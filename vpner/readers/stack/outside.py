"""What lies outside Azure, as components register it: devices, routers and circuits, and the intent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, cast

from vpner.arm import parse_arm_id
from vpner.readers.resources import UNKNOWN, Elsewhere, Resource, Value, has_unknown, mappings
from vpner.readers.stack.draft import FORMAT, Draft, address, prefix, text, text_list
from vpner.readers.stack.networks import Interface
from vpner.topology import PATHS


@dataclass(frozen=True, slots=True)
class Registered:
    """Something that a component registered, and the component."""

    value: Mapping[str, Value]
    resource: Resource

    @property
    def name(self) -> str:
        return text(self.value.get("name")) or ""


def registered(draft: Draft, *keys: str) -> Iterator[Registered]:
    """What components registered under the keys, one thing or a list of things. A list that is unknown is a problem."""
    for resource in draft.snapshot.resources:
        for key in keys if resource.arm_type is None else ():
            if resource.properties.get(key) is UNKNOWN:
                draft.unknown(resource, key)
    yield from (Registered(item, resource) for resource, item in draft.snapshot.registered(*keys))


class Outside:
    """Devices by endpoint, and the names that components use for circuits."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.devices = [item for item in registered(draft, "device", "devices") if "endpoint" in item.value]
        self.routers = [item for item in registered(draft, "routers") if "links" in item.value]
        self.circuits = [item for item in registered(draft, "circuits") if item.name]
        self._circuit_names = dict(self._names_of_circuits())

    def device_at(self, endpoint: IPv4Address) -> str | None:
        """Name of the device, or of the declared router, that has a tunnel endpoint."""
        for device in self.devices:
            if address(device.value.get("endpoint")) == endpoint:
                return device.name
        for name, router in self.draft.declared.get("routers", {}).items():
            owned = [*router.get("addresses", []), *(nic.get("ip") for nic in router.get("nics", []))]
            if str(endpoint) in owned:
                return name
        return None

    def prepend_of(self, device: str) -> tuple[int, ...]:
        """What a device puts in front of the paths that it announces."""
        for item in self.devices:
            asn, times = item.value.get("asn"), item.value.get("prepend")
            if item.name == device and isinstance(asn, int) and isinstance(times, int):
                return (asn,) * times
        return ()

    def circuit_name(self, name: str) -> str:
        """A circuit's name in Azure, from the name that a component uses."""
        return self._circuit_names.get(name, name)

    def _names_of_circuits(self) -> Iterator[tuple[str, str]]:
        for circuit in self.draft.snapshot.of_kind("ExpressRouteCircuit"):
            yield circuit.physical_name or circuit.name, self.draft.label(circuit)
        for resource in self.draft.snapshot.resources:
            ids = None if resource.type.startswith("azure-native") else resource.properties.get("circuitIds")
            for name, value in cast("Mapping[str, Value]", ids).items() if isinstance(ids, Mapping) else ():
                parsed = parse_arm_id(value) if isinstance(value, str) else None
                if parsed is not None:
                    yield name, parsed.name
            if ids is UNKNOWN:
                yield from self._adopted(resource)

    def _adopted(self, resource: Resource) -> Iterator[tuple[str, str]]:
        """The one circuit that a component has not built, and the one that its connections find elsewhere.

        A mapping of ids is unknown as a whole, while one circuit of it does not exist yet.
        """
        adopted = [
            item.name for item in self.circuits if item.resource == resource and item.value.get("owned") is False
        ]
        found = [
            self.draft.snapshot.referred(item, "peer.id", "ExpressRouteCircuit")
            for item in self.draft.snapshot.of_kind("VirtualNetworkGatewayConnection")
            if item.parent == resource.urn
        ]
        elsewhere = {item.id for item in found if isinstance(item, Elsewhere)}
        if len(adopted) == len(elsewhere) == 1:
            yield adopted[0], elsewhere.pop().rpartition("/")[2]


def add_devices(outside: Outside, interfaces: list[Interface]) -> set[str]:
    """Devices as routers. Returns the names of the network interfaces that are theirs."""
    draft, taken = outside.draft, set[str]()
    for device in outside.devices:
        endpoint = text(device.value.get("endpoint"))
        sides = [text(item.get("address")) for item in mappings(device.value.get("interfaces"))]
        addresses = [ip for ip in dict.fromkeys((*sides, endpoint, text(device.value.get("inside")))) if ip]
        owned = {ip: found for ip in addresses if (found := _interface(interfaces, ip)) is not None}
        taken |= {item.name for item in owned.values()}
        _missing(draft, device, "endpoint", "statics")
        if not draft.declares("routers", device.name, "networks", "announces"):
            _missing(draft, device, "advertises")
        entry: dict[str, Any] = {
            "nics": [item.entry() for item in owned.values()],
            "addresses": [ip for ip in addresses if ip not in owned],
            "networks": text_list(device.value.get("advertises")),
            "statics": [_device_static(draft, item) for item in mappings(device.value.get("statics"))],
        }
        if isinstance(device.value.get("asn"), int):
            entry["asn"] = device.value["asn"]
        draft.section("routers")[device.name] = entry
    return taken


def declared_interfaces(draft: Draft, interfaces: list[Interface]) -> set[str]:
    """Names of the network interfaces that routers have which are declared."""
    routers: Mapping[str, Any] = draft.declared.get("routers", {})
    owned = [nic for router in routers.values() for nic in router.get("nics", [])]
    return {item.name for item in interfaces if any(item.entry() == {**item.entry(), **nic} for nic in owned)}


def _interface(interfaces: list[Interface], ip: str) -> Interface | None:
    """The network interface with the address, if there is exactly one."""
    found = [item for item in interfaces if item.ip == address(ip)]
    return found[0] if len(found) == 1 else None


def _device_static(draft: Draft, static: Mapping[str, Value]) -> dict[str, Any]:
    """A device's static route. The name of a tunnel address gives way to the address, once Azure has chosen it."""
    destination = text(static.get("destination")) or ""
    if prefix(destination) is None:
        destination = destination.removesuffix("/32")
        owner, _, attribute = destination.partition(".instances[")
        index = attribute.partition("]")[0]
        instances = draft.section("vpn_gateways").get(owner, {}).get("instances", [])
        known = instances[int(index)].get("tunnel") if index.isdigit() and int(index) < len(instances) else None
        destination = destination if known is None else f"{known}/32"
    return {"prefix": destination, "next_hop": text(static.get("nextHop"))}


def _missing(draft: Draft, item: Registered, *keys: str) -> None:
    """A problem for each key that is absent or not wholly known, unless the declaration has the router's."""
    for key in keys:
        value = item.value.get(key)
        if (value is None or has_unknown(value)) and not draft.declares("routers", item.name, key):
            remedy = f"register {key} of {item.name}, or declare {FORMAT} routers: {{{item.name}: {{...}}}}"
            draft.unknown(item.resource, f"{key} of {item.name}", remedy)


def add_routers(outside: Outside) -> None:
    """Routers at the far end of circuits, and the circuits' paths to them."""
    draft = outside.draft
    for router in outside.routers:
        _missing(draft, router, "asn", "links")
        if has_unknown(router.value.get("statics")) or has_unknown(router.value.get("networks")):
            draft.unknown(router.resource, f"statics or networks of {router.name}")
        links = mappings(router.value.get("links"))
        entry: dict[str, Any] = {
            "networks": text_list(router.value.get("networks")),
            "statics": [
                static for item in mappings(router.value.get("statics")) for static in _router_statics(item, links)
            ],
        }
        if isinstance(router.value.get("asn"), int):
            entry["asn"] = router.value["asn"]
        draft.section("routers")[router.name] = entry
        for link in links:
            _add_link(outside, router, link)


def _router_statics(static: Mapping[str, Value], links: list[Mapping[str, Value]]) -> Iterator[dict[str, Any]]:
    """A static towards a circuit, one for each of its links."""
    hops = text_list(static.get("nextHops"))
    towards = [link for link in links if link.get("circuit") == static.get("circuit")]
    for hop in hops or [_ends(link)[1] for link in towards] or [None]:
        yield {
            "prefix": text(static.get("prefix")) or "",
            "next_hop": hop,
            "redistribute": static.get("redistribute") is not False,
        }


def _ends(link: Mapping[str, Value]) -> tuple[str | None, str | None]:
    """Addresses of the router and of Microsoft's edge on a link: the first and second usable ones of its /30."""
    given = text(link.get("routerAddress")), text(link.get("mseeAddress"))
    block = prefix(link.get("prefix"))
    if None not in given or block is None:
        return given
    return str(block.network_address + 1), str(block.network_address + 2)


def _add_link(outside: Outside, router: Registered, link: Mapping[str, Value]) -> None:
    draft = outside.draft
    circuit, path = text(link.get("circuit")), text(link.get("path"))
    if circuit is None or path not in PATHS:
        if circuit is None or not draft.declares("circuits", outside.circuit_name(circuit), "paths"):
            remedy = (
                f"register circuit and path (primary or secondary) of each link, or declare {FORMAT} "
                f"circuits: {{{circuit or 'CIRCUIT'}: {{paths: {{primary: {{router: {router.name}}}}}}}}}"
            )
            draft.unknown(router.resource, f"circuit or path of the links of {router.name}", remedy)
        return
    router_address, msee_address = _ends(link)
    add_path(
        draft,
        outside.circuit_name(circuit),
        path,
        {"router": router.name, "msee_peer_ip": msee_address, "router_peer_ip": router_address},
    )


def add_path(draft: Draft, circuit: str, path: str, entry: dict[str, Any]) -> None:
    """A path of a circuit that leads to a router."""
    draft.section("circuits").setdefault(circuit, {"paths": {}})["paths"][path] = entry


def add_observed_edges(outside: Outside) -> None:
    """What was observed as next hop of a circuit's paths, and that nobody built the paths without a link."""
    draft = outside.draft
    observed = {outside.circuit_name(item.name): item.value.get("mseeNextHop") for item in outside.circuits}
    for name, circuit in draft.section("circuits").items():
        hops = observed.get(name)
        declared = draft.declared.get("circuits", {}).get(name, {}).get("paths", {})
        for path in PATHS:
            entry = circuit["paths"].setdefault(path, {} if path in declared else {"state": "absent"})
            hop = cast("Mapping[str, Value]", hops).get(path) if isinstance(hops, Mapping) else None
            if address(hop) is not None:
                entry["msee"] = hop


def add_intent(draft: Draft) -> None:
    """What must be encrypted. ``reason`` is for people, and no part of a topology."""
    for item in registered(draft, "intent"):
        if has_unknown(item.value):
            draft.unknown(item.resource, f"intent {item.name}")
            continue
        entry = {key: value for key, value in item.value.items() if key != "reason" and value is not None}
        draft.entries("intent").append(cast("dict[str, Any]", entry))
