"""Everything that can be wrong with a configuration of the right shape, found before a resource is registered.

Each component's own planner is asked with the arguments that it will get, so that there is one place for each rule;
here its paths are turned into the configuration's, and what concerns several components is checked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from uuid import UUID

from pulumi import Input

from components.branch_emulation import plan_branch
from components.er_circuit_pair import plan_circuits
from components.hub_spoke import plan_hub_spoke
from components.ipsec_over_er import plan_ipsec
from components.network import plan_network
from components.opnsense_nva import plan_nva
from components.route_server_preference import route_server_problems
from vpner.plan.addressing import ROUTE_SERVER_SUBNET
from vpner.plan.networks import Network, link_in_network, overlapping_networks, required_subnets
from vpner.problems import Problem
from vpner.settings import args, shape

_UNKNOWN: Input[str] = ""
"""Stands for what only Pulumi knows: planners do not look at it."""


def problems(configuration: shape.Configuration, secret_keys: frozenset[str]) -> list[Problem]:
    """All problems, each once, with its key path. ``secret_keys``: top-level keys that the stack file encrypts."""
    found = [
        *_hub_spoke(configuration),
        *_branch(configuration),
        *_circuits(configuration),
        *_tunnel(configuration),
        *_route_server(configuration),
        *_secrets(configuration, secret_keys),
        *_subscriptions(configuration),
    ]
    return list(dict.fromkeys(problem.moved(lambda where: f"vpner:{where}") for problem in found))


def _renamed(found: Iterable[Problem], prefixes: Mapping[str, str]) -> Iterator[Problem]:
    """Problems with a component's argument path replaced by the configuration's key path; the longest match wins."""
    ordered = sorted(prefixes, key=len, reverse=True)
    for problem in found:
        prefix = next((item for item in ordered if _starts(problem.where, item)), None)
        if prefix is None:
            yield problem
        else:
            rest = problem.where[len(prefix) :]
            yield problem.moved(lambda _, rest=rest, prefix=prefix: prefixes[prefix] + rest)


def _starts(where: str, prefix: str) -> bool:
    return where.startswith(prefix) and where[len(prefix) : len(prefix) + 1] in ("", ".", "[")


def _hub_spoke(configuration: shape.Configuration) -> Iterator[Problem]:
    _, found = plan_hub_spoke(args.hub_spoke(configuration, _UNKNOWN))
    yield from _renamed(found, {"expressRouteGateway": "hub.expressRouteGateway"})


def _branch(configuration: shape.Configuration) -> Iterator[Problem]:
    branch = configuration.branch
    if branch is None:
        return
    plan, found = plan_branch(args.branch(configuration, _UNKNOWN, _UNKNOWN))
    yield from _renamed(
        found,
        {
            "network": "branch",
            "expressRouteGateway": "branch.expressRouteGateway",
            "managementPrefixes": "branch.managementPrefixes",
            "applianceAddress": "branch.appliance.trustedAddress",
        },
    )
    for other in _azure_networks(configuration):
        # Among themselves hub and spokes have been compared already.
        yield from overlapping_networks([other, ("branch", plan)])
    if branch.appliance is None:
        return
    absent = {f"{side}Subnet" for side in ("untrusted", "trusted") if f"{side.title()}-Subnet" not in branch.subnets}
    _, found = plan_nva(args.nva(configuration, _UNKNOWN, defaultdict(str), [], defaultdict(str)))
    where, elsewhere = "branch.appliance", ("gateway.", "ipsecPolicy", "accepts")  # reported where they are configured
    yield from _renamed(
        (p for p in found if not p.where.startswith(elsewhere) and p.where not in absent),
        {
            **{key: f"{where}.{key}" for key in ("untrustedAddress", "trustedAddress", "asn", "apipa", "advertises")},
            "prepend": f"{where}.prepend",
            "untrustedSubnet": "branch.subnets.Untrusted-Subnet",
            "trustedSubnet": "branch.subnets.Trusted-Subnet",
            "managementPrefixes": "branch.managementPrefixes",
        },
    )


def _circuits(configuration: shape.Configuration) -> Iterator[Problem]:
    pair = args.circuit_pair(configuration, _UNKNOWN, defaultdict(str), {})
    _, routers, found = plan_circuits(pair)
    yield from found
    networks = _azure_networks(configuration)
    if configuration.branch:
        networks.append(("branch", plan_network("branch", args.network(configuration.branch))[0]))
    for router, description in enumerate(configuration.routers):
        readable = {str(link.prefix): link.prefix for link in routers[router].links}
        for index, link in enumerate(description.links):
            for where, network in networks:
                if link.prefix in readable:
                    yield from link_in_network(
                        f"routers[{router}].links[{index}].prefix", readable[link.prefix], where, network
                    )


def _azure_networks(configuration: shape.Configuration) -> list[tuple[str, Network]]:
    """Hub and spokes with their key paths, as far as they can be read."""
    described = [("hub", configuration.hub), *((f"spokes[{i}]", s) for i, s in enumerate(configuration.spokes))]
    return [(where, plan_network(where, args.network(description))[0]) for where, description in described]


def _tunnel(configuration: shape.Configuration) -> Iterator[Problem]:
    enabled = configuration.tunnel.enabled
    if not enabled:
        yield from (
            Problem(
                f"intent[{index}].mode",
                f"{intent.name} must be encrypted (required), and tunnel.enabled is false",
                "Without a tunnel everything travels over ExpressRoute in clear",
                "enable the tunnel, or remove the intent while there is none",
                "intent-without-tunnel",
            )
            for index, intent in enumerate(configuration.intent)
            if intent.mode == "required"
        )
    ipsec = args.ipsec(configuration, _UNKNOWN, _UNKNOWN, {})
    _, found = plan_ipsec(ipsec)
    places = {key: f"tunnel.{key}" for key in ("sku", "asn", "apipa", "ipsecPolicy")}
    places["gatewaySubnet"] = "hub.subnets.GatewaySubnet"
    places.update(_device_places(configuration))
    yield from (problem for problem in _renamed(found, places) if problem.where != "hub.subnets.GatewaySubnet")
    if enabled and not ipsec["devices"]:
        yield Problem(
            "sites",
            "there is no device at the other end of the tunnels",
            "The VPN gateway needs at least one device, an appliance of the branch or a device of a site",
            "describe a site with its devices, or the branch's appliance; or write tunnel: {enabled: false}",
            "no-device",
        )
    for index, site in enumerate(configuration.sites):
        if not site.devices:
            yield Problem(
                f"sites[{index}].devices",
                f"site {site.name} has no device",
                "A site is reached through the devices that its tunnels end at",
                "describe its device, better two of them",
                "site-without-device",
            )


def _device_places(configuration: shape.Configuration) -> dict[str, str]:
    """Where the configuration describes each device of the tunnels, in the order that they are passed in."""
    places: list[tuple[str, str]] = []
    if configuration.branch and configuration.branch.appliance:
        places.append(("branch.appliance", "untrustedAddress"))
    for index, site in enumerate(configuration.sites):
        places += [(f"sites[{index}].devices[{position}]", "endpoint.outside") for position in range(len(site.devices))]
    renamed: dict[str, str] = {}
    for index, (place, endpoint) in enumerate(places):
        renamed[f"devices[{index}]"] = place
        renamed[f"devices[{index}].endpoint"] = f"{place}.{endpoint}"
        renamed[f"devices[{index}].expressRoute.address"] = f"{place}.endpoint.inside"
        renamed[f"devices[{index}].expressRoute.nextHop"] = f"{place}.expressRouteNextHop"
    return renamed


def _route_server(configuration: shape.Configuration) -> Iterator[Problem]:
    if configuration.route_server is None or not configuration.route_server.enabled:
        if configuration.preference != "ExpressRoute":
            yield Problem(
                "preference",
                f"preference {configuration.preference} without a Route Server",
                "The preference is a setting of Route Server; without one, Azure prefers ExpressRoute to VPN",
                "enable routeServer, or write preference: ExpressRoute",
                "preference-without-route-server",
                "Learn: Hub routing preference, 2025-09-17",
            )
        return
    found = route_server_problems(args.route_server(configuration, _UNKNOWN, _UNKNOWN, []))
    yield from (problem.at("routeServer") for problem in found)
    hub, _ = plan_network("hub", args.network(configuration.hub))
    missing = required_subnets(hub, [ROUTE_SERVER_SUBNET], "Route Server lives in RouteServerSubnet")
    yield from (problem.at("hub") for problem in missing)


def _secrets(configuration: shape.Configuration, secret_keys: frozenset[str]) -> Iterator[Problem]:
    if configuration.pre_shared_keys and "preSharedKeys" not in secret_keys:
        yield _not_secret("preSharedKeys", "a pre-shared key", "preSharedKeys.DEVICE")
    for index, circuit in enumerate(configuration.circuits):
        if circuit.existing and circuit.existing.authorization_key and "circuits" not in secret_keys:
            where = f"circuits[{index}].existing.authorizationKey"
            yield _not_secret(where, "an authorisation key", where)
    devices = [device.name for site in configuration.sites for device in site.devices]
    if configuration.branch and configuration.branch.appliance:
        devices.append(configuration.branch.appliance.name)
    for name in configuration.pre_shared_keys:
        if name not in devices:
            nearest = get_close_matches(name, devices, n=1)
            yield Problem(
                f"preSharedKeys.{name}",
                f"there is no device {name!r}",
                f"The devices are {', '.join(devices) or '(none)'}; a key for another one would never be used",
                f"did you mean {nearest[0]}? Rename the key" if nearest else "remove the key",
                "key-without-device",
            )


def _not_secret(where: str, kind: str, path: str) -> Problem:
    return Problem(
        where,
        f"{kind} stands in the stack file in plain text",
        "Whoever reads the repository could read it, and Pulumi would not hide it in state and logs",
        f"take it out, choose a new one, and set it with: pulumi config set --secret --path 'vpner:{path}'",
        "secret-in-plain-text",
    )


def _subscriptions(configuration: shape.Configuration) -> Iterator[Problem]:
    for part in ("hub", "branch", "circuits"):
        value: str | None = getattr(configuration.subscriptions, part)
        try:
            UUID(value or "00000000-0000-0000-0000-000000000000")
        except ValueError:
            yield Problem(
                f"subscriptions.{part}",
                f"{value!r} is not the id of a subscription",
                "A subscription is named by its id, a GUID",
                "write it as az account show prints it under id",
                "subscription-malformed",
            )
