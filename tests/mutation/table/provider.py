"""Circuits, their connections, and the routers at their far end."""

from tests.mutation.mutants import arm_id, at, harmful, harmless, operator, without
from vpner.rules.registry import DECLARED

_DEV, _PROD = "dev/circuits", "prod/circuits"
_CIRCUITS = ("dev/circuits-azure-er-circuit", "dev/circuits-branch-er-circuit", "prod/circuits-weu-er-amsterdam")
_WORKFLOWS = "Learn: ExpressRoute workflows for circuit provisioning, 2025"
_OPTIMIZE = "Learn: Optimize ExpressRoute routing, 2025-01-31"
_HUB_SIDE = "dev/circuits-azure-er-circuit-connection"
_BRANCH_SIDE = "dev/circuits-branch-er-circuit-connection"
_PROD_SIDES = ("prod/circuits-weu-er-amsterdam-connection", "prod/circuits-weu-er-frankfurt-connection")


def _static(prefix: str) -> dict[str, object]:
    return {"circuit": "branch-er-circuit", "nextHops": ["169.254.98.66"], "prefix": prefix, "redistribute": True}


def _filter(circuit: str, **policies: list[str]) -> dict[str, object]:
    """Filters on a circuit's primary link, as a declaration of what the provider has configured."""
    path = {key: {"deny": prefixes} for key, prefixes in policies.items()}
    return {"circuits": {circuit: {"paths": {"primary": path}}}}


OPERATORS = (
    operator(
        "drop an ExpressRoute connection",
        harmful("only-route", "in dev the tunnel has no other way", without((_HUB_SIDE, _BRANCH_SIDE))),
        harmless("only-route", "in prod the other circuit carries the tunnels", without(_PROD_SIDES)),
    ),
    operator(
        "lead an ExpressRoute connection to the other circuit",
        harmful(
            "router-static-not-to-its-next-hop",
            "then the provider's static for the endpoint leads nowhere, or is not announced to the hub",
            at(_HUB_SIDE, "peer", arm_id("dev", "expressRouteCircuits/branch-er-circuit")),
            at(_BRANCH_SIDE, "peer", arm_id("dev", "expressRouteCircuits/azure-er-circuit")),
        ),
    ),
    operator(
        "change a routing weight",
        harmless(
            _OPTIMIZE,
            "it chooses among circuits, and says nothing about tunnels",
            at((_HUB_SIDE, _BRANCH_SIDE), "routingWeight", 10, 100),
            at(_PROD_SIDES, "routingWeight", 0, 100),
        ),
    ),
    operator(
        "change a circuit",
        harmless(
            _WORKFLOWS,
            "size and price",
            at(_CIRCUITS, "serviceProviderProperties.bandwidthInMbps", 2000),
            at(_CIRCUITS, "sku", {"name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData"}),
            at(_CIRCUITS, "sku", {"name": "Standard_UnlimitedData", "tier": "Standard", "family": "UnlimitedData"}),
        ),
        harmless(
            "only-route",
            "an observed address, which no route is chosen by",
            at(_DEV, "circuits.0.mseeNextHop.primary", "10.3.129.60"),
            at(_DEV, "circuits.1.mseeNextHop.primary", "10.3.129.60"),
        ),
    ),
    operator(
        "drop a link",
        harmful(
            "only-route",
            "dev has one link a circuit",
            without(_DEV, "routers.0.links.0"),
            without(_DEV, "routers.0.links.1"),
        ),
        harmless(
            "only-route",
            "prod has three others",
            without(_PROD, "routers.0.links.0"),
            without(_PROD, "routers.0.links.1"),
            without(_PROD, "routers.1.links.0"),
            without(_PROD, "routers.1.links.1"),
        ),
    ),
    operator(
        "move a link to the other path",
        harmless(
            _WORKFLOWS,
            "one link is as good as the other",
            at(_DEV, "routers.0.links.0.path", "secondary"),
            at(_DEV, "routers.0.links.1.path", "secondary"),
        ),
    ),
    operator(
        "drop the endpoint's static on the provider's router",
        harmful(
            "longest-prefix-match",
            "the tunnel's /24 is then the best way to the endpoint, and the tunnel carries itself",
            without(_DEV, "routers.0.statics.0"),
            at(_DEV, "routers.0.statics.0.redistribute", False),
        ),
    ),
    operator(
        "change the prefix of the endpoint's static",
        harmful(
            "hub-routing-preference",
            "of one length with the tunnel's prefix, VPN wins; shorter ones lose",
            at(_DEV, "routers.0.statics.0.prefix", "10.100.0.0/24", "10.100.0.0/23", "10.0.0.0/8", "0.0.0.0/0"),
        ),
        harmful(
            "longest-prefix-match",
            "protected 10.100.0.96/27 is in it, and leaves over ExpressRoute",
            at(_DEV, "routers.0.statics.0.prefix", "10.100.0.0/25"),
        ),
        harmful(
            "longest-prefix-match",
            "the endpoint is not in it",
            at(
                _DEV, "routers.0.statics.0.prefix", "10.100.0.5/32", "10.100.0.20/32", "10.100.0.96/27", "10.100.0.8/29"
            ),
        ),
        harmless(
            "longest-prefix-match",
            "longer than the tunnel's /24, with the endpoint and without any protected address",
            at(
                _DEV,
                "routers.0.statics.0.prefix",
                "10.100.0.0/26",
                "10.100.0.0/27",
                "10.100.0.0/28",
                "10.100.0.0/29",
                "10.100.0.4/30",
                "10.100.0.4/31",
            ),
        ),
        harmful(
            "router-static-not-to-its-next-hop",
            "it leads back to where the packets come from",
            at(_DEV, "routers.0.statics.0.nextHops", ["169.254.98.62"]),
        ),
    ),
    operator(
        "add a static on the provider's router",
        harmful(
            "longest-prefix-match",
            "protected addresses, more specific than the tunnel brings them",
            at(
                _DEV,
                "routers.0.statics.1",
                _static("10.100.0.96/27"),
                _static("10.100.0.64/26"),
                _static("10.100.0.100/32"),
            ),
        ),
        harmless(
            "longest-prefix-match",
            "shorter than the tunnel's prefix, or elsewhere; dev's mode allows a fallback",
            at(_DEV, "routers.0.statics.1", _static("10.99.0.0/16"), _static("0.0.0.0/0"), _static("10.100.0.0/16")),
        ),
    ),
    operator(
        "change what a router announces",
        harmful(
            "longest-prefix-match",
            "dev: protected addresses over ExpressRoute, more specific than the tunnel brings them",
            at(_DEV, "routers.0.networks.0", "10.100.0.96/27"),
        ),
        harmless(
            "longest-prefix-match", "dev: another site", at(_DEV, "routers.0.networks.0", "10.99.0.0/16", "0.0.0.0/0")
        ),
        harmful(
            "longest-prefix-match",
            "prod: more specific than the tunnel brings it: in clear at once",
            at(_PROD, "routers.0.networks.2", "10.210.0.0/24", "10.210.0.0/17"),
            at(_PROD, "routers.1.networks.2", "10.210.128.0/17"),
        ),
        harmful(
            "longest-prefix-match",
            "prod: mode required, and this is left when the tunnels are down",
            at(_PROD, "routers.0.networks.2", "10.210.0.0/16", "10.0.0.0/8", "0.0.0.0/0"),
            at(_PROD, "routers.1.networks.2", "10.210.0.0/16", "10.0.0.0/8", "0.0.0.0/0"),
        ),
        harmless(
            "longest-prefix-match",
            "prod: another site, or shorter than the endpoints' /32",
            at(_PROD, "routers.0.networks.2", "10.220.0.0/16", "10.200.0.0/24"),
            at(_PROD, "routers.1.networks.2", "10.220.0.0/16", "10.200.0.0/24"),
        ),
        harmless(
            "only-route",
            "prod: the other circuit's router announces the endpoints too",
            without(_PROD, "routers.0.networks.0"),
            without(_PROD, "routers.0.networks.1"),
            without(_PROD, "routers.1.networks.0"),
            without(_PROD, "routers.1.networks.1"),
            at(_PROD, "routers.1.networks", []),
            at(_PROD, "routers.0.networks.0", "10.200.0.0/24"),
            at(_PROD, "routers.1.networks.1", "10.200.0.0/24"),
        ),
    ),
    operator(
        "change the provider's ASN",
        harmful("own-asn-is-a-loop", "the gateways drop paths with 65515", at(_DEV, "routers.0.asn", 65515)),
        harmless("shortest-as-path", "the path is as long", at(_DEV, "routers.0.asn", 65002, 64512, 133937)),
    ),
    operator(
        "add a filter on a circuit",
        harmful(
            "longest-prefix-match",
            "the endpoint's /32 does not come through",
            at(f"dev/{DECLARED}", "topology", _filter("azure-er-circuit", from_router=["10.100.0.4/32"])),
        ),
        harmful(
            "device-own-lookup",
            "the branch does not hear of the hub, and has no way to the tunnel addresses",
            at(
                f"dev/{DECLARED}",
                "topology",
                _filter("azure-er-circuit", to_router=["10.0.0.0/24"]),
                _filter("branch-er-circuit", from_router=["10.0.0.0/24"]),
            ),
        ),
        harmless(
            "only-route",
            "only the way in clear is gone",
            at(
                f"dev/{DECLARED}",
                "topology",
                _filter("azure-er-circuit", from_router=["10.100.0.0/24"]),
                _filter("azure-er-circuit", to_router=["10.0.0.0/8"]),
                _filter("azure-er-circuit", to_router=["10.0.1.0/24"]),
                _filter("branch-er-circuit", from_router=["10.0.2.0/24"]),
                _filter("branch-er-circuit", to_router=["10.100.0.0/24"]),
            ),
        ),
        harmless(
            "only-route",
            "the other link and the other circuit bring the endpoint",
            at(
                f"prod/{DECLARED}",
                "topology",
                _filter("weu-er-amsterdam", from_router=["10.200.0.4/32"]),
                _filter("weu-er-frankfurt", from_router=["10.200.0.20/32"]),
            ),
        ),
    ),
)
