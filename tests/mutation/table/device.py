"""The devices' side as components plan it, filters on the tunnels, and the intent."""

from tests.mutation.mutants import at, harmful, harmless, operator, without
from tests.mutation.table.places import FAQ, IKE
from vpner.rules.registry import DECLARED

_DEV, _TUNNEL = "dev/appliance", "prod/tunnel"
_FW1, _FW2 = "devices.0", "devices.1"
_FRR = "FRRouting: BGP, `bgp network import-check`, 2025"
_BGP = "RFC 4271, A Border Gateway Protocol 4, section 6.2 (Bad Peer AS), 2006"
_DISTANCE = "device-administrative-distance"


def _static(destination: str, hop: str, interface: str = "wan0") -> dict[str, str]:
    return {"destination": destination, "interface": interface, "nextHop": hop}


def _tunnel(name: str, **policies: object) -> dict[str, object]:
    """Filters on a tunnel, as a declaration of what both ends have configured."""
    return {"vpn_connections": [{"name": name, **policies}]}


_DEV_TUNNEL = "az-hub-to-branch-opnnva-conn"
_FW1_TUNNEL = "weu-hub-to-hq-fw1-conn"

OPERATORS = (
    operator(
        "drop a device's static",
        harmful(
            "device-own-lookup",
            "the hub's prefix comes through the tunnel, and takes the outer packets into it",
            without(_DEV, "device.statics.0"),
            without(_DEV, "device.statics.1"),
            without(_TUNNEL, f"{_FW1}.statics.0"),
            without(_TUNNEL, f"{_FW1}.statics.1"),
            without(_TUNNEL, f"{_FW2}.statics.0"),
            without(_TUNNEL, f"{_FW2}.statics.1"),
        ),
        harmful(
            _FRR,
            "a prefix that is not in the device's table is not announced: the site's /24 is left to ExpressRoute",
            without(_DEV, "device.statics.3"),
        ),
        harmless("longest-prefix-match", "10.0.0.0/8 is of no use here", without(_DEV, "device.statics.2")),
    ),
    operator(
        "widen a device's static",
        harmful(
            "longest-prefix-match",
            "shorter than the prefix that comes through the tunnel",
            at(_DEV, "device.statics.0.destination", "10.0.0.0/16"),
            at(_TUNNEL, f"{_FW1}.statics.0.destination", "10.10.0.0/16"),
            at(_TUNNEL, f"{_FW2}.statics.1.destination", "10.0.0.0/8"),
        ),
        harmful(
            _DISTANCE,
            "as long as the tunnel's prefix, so that the static wins for the whole hub: in clear",
            at(_DEV, "device.statics.0.destination", "10.0.0.0/24"),
            at(_TUNNEL, f"{_FW1}.statics.0.destination", "10.10.0.0/23"),
            at(_TUNNEL, f"{_FW2}.statics.0.destination", "10.10.0.0/23"),
        ),
        harmless(
            "longest-prefix-match",
            "GatewaySubnet: longer than what comes through the tunnel, and nobody else lives there",
            at(_DEV, "device.statics.0.destination", "10.0.0.32/27"),
            at(_TUNNEL, f"{_FW1}.statics.0.destination", "10.10.0.0/26"),
            at(_TUNNEL, f"{_FW2}.statics.1.destination", "10.10.0.0/26"),
        ),
    ),
    operator(
        "lead a device's static into the tunnel",
        harmful(
            "device-own-lookup",
            "the next hop is the far end of the tunnel itself",
            at(_DEV, "device.statics.0.nextHop", "169.254.21.1"),
            at(_DEV, "device.statics.1.nextHop", "169.254.21.2"),
            at(_TUNNEL, f"{_FW1}.statics.0.nextHop", "169.254.21.2"),
            at(_TUNNEL, f"{_FW2}.statics.1.nextHop", "169.254.22.10"),
        ),
    ),
    operator(
        "add a static to a device",
        harmful(
            _DISTANCE,
            "the site's traffic to Azure leaves over ExpressRoute",
            at(_DEV, "device.statics.4", _static("10.0.1.0/24", "10.100.0.1", "hn0")),
            at(
                _TUNNEL,
                f"{_FW1}.statics.2",
                _static("10.11.0.0/16", "192.168.100.1"),
                _static("10.11.0.0/20", "192.168.100.1"),
            ),
            at(_TUNNEL, f"{_FW2}.statics.2", _static("10.12.0.0/16", "192.168.100.17")),
        ),
        harmful(
            "longest-prefix-match",
            "mode required, and this is left when the tunnels are down",
            at(_TUNNEL, f"{_FW1}.statics.2", _static("10.0.0.0/8", "192.168.100.1")),
            at(_TUNNEL, f"{_FW2}.statics.2", _static("0.0.0.0/0", "192.168.100.17")),
        ),
        harmless(
            "longest-prefix-match",
            "no protected address is in it",
            at(_DEV, "device.statics.4", _static("10.99.0.0/16", "10.100.0.1", "hn0")),
            at(_TUNNEL, f"{_FW1}.statics.2", _static("172.20.0.0/16", "192.168.100.1")),
        ),
    ),
    operator(
        "change what a device announces",
        harmful(
            "expressroute-over-vpn",
            "protected 10.100.0.96/27 is left to ExpressRoute",
            without(_DEV, "device.advertises.1"),
            at(_DEV, "device.advertises.1", "10.100.0.128/25", "10.100.0.0/16"),
        ),
        harmful(
            "hub-routing-preference",
            "an endpoint's /32, which then wins over ExpressRoute's: the tunnel carries its own packets",
            at(_DEV, "device.advertises.2", "10.100.0.4/32"),
            at(_TUNNEL, f"{_FW1}.advertises.1", "10.200.0.4/32", "10.200.0.20/32"),
            at(_TUNNEL, f"{_FW2}.advertises.1", "10.200.0.4/32", "10.200.0.20/32"),
        ),
        harmful(
            "longest-prefix-match",
            "branch-to-branch takes it to the provider and on to the branch's own edge, where it is more specific than "
            "the branch's /24: the outer packets go back and round",
            at(_DEV, "device.advertises.2", "10.100.0.0/25", "10.100.0.4/30"),
        ),
        harmless(
            "longest-prefix-match",
            "the endpoint's /32 over ExpressRoute is longer, at the site's edge too",
            at(_TUNNEL, f"{_FW1}.advertises.1", "10.200.0.0/24", "10.200.0.4/31"),
        ),
        harmless(
            "longest-prefix-match",
            "protected addresses, more specific: through the tunnel all the more",
            at(_TUNNEL, f"{_FW1}.advertises.1", "10.210.0.0/17"),
        ),
        harmless(
            "longest-prefix-match",
            "10.0.0.0/8 holds nothing that is protected; another site's prefix",
            without(_DEV, "device.advertises.0"),
            at(_TUNNEL, f"{_FW2}.advertises.1", "10.220.0.0/16"),
        ),
        harmless(
            "only-route",
            "the other device announces the whole site",
            without(_TUNNEL, f"{_FW1}.advertises.0"),
            at(_TUNNEL, f"{_FW2}.advertises.0", "10.210.0.0/17"),
        ),
    ),
    operator(
        "lengthen a device's paths",
        harmless(
            "hub-routing-preference",
            "with preference VpnGateway the length is only compared among tunnels",
            at(_DEV, "device.prepend", 1, 2, 3, 5),
            at(_TUNNEL, f"{_FW1}.prepend", 1, 3),
            at(_TUNNEL, f"{_FW2}.prepend", 1, 3),
        ),
    ),
    operator(
        "change a device's ASN",
        harmful(
            _BGP,
            "Azure expects the one in its local network gateway: the session stays down",
            at(_DEV, "device.asn", 65511, 65515),
            at(_TUNNEL, f"{_FW1}.asn", 65011, 65515),
            at(_TUNNEL, f"{_FW2}.asn", 65011),
        ),
        harmful(
            _BGP,
            "the gateway opens with 65515: the session stays down",
            at(_DEV, "device.neighbours.0.asn", 65001),
            at(_TUNNEL, f"{_FW1}.neighbours.1.asn", 65001),
        ),
    ),
    operator(
        "change an address of a device's tunnel",
        harmful(
            IKE,
            "the gateway expects the tunnel from the address in its local network gateway",
            at(_DEV, "device.endpoint", "10.100.0.5"),
            at(_TUNNEL, f"{_FW1}.endpoint", "10.200.0.5"),
            at(_TUNNEL, f"{_FW2}.endpoint", "10.200.0.4"),
        ),
        harmful(
            FAQ,
            "BGP's ends do not find each other",
            at(_DEV, "device.tunnels.0.innerLocal", "169.254.0.2"),
            at(_DEV, "device.tunnels.0.innerRemote", "169.254.21.3"),
            at(_DEV, "device.neighbours.1.address", "169.254.21.3"),
            at(_TUNNEL, f"{_FW1}.tunnels.1.innerLocal", "169.254.21.5"),
            at(_TUNNEL, f"{_FW2}.tunnels.0.innerRemote", "169.254.21.14"),
            at(_TUNNEL, f"{_FW2}.neighbours.0.address", "169.254.21.14"),
        ),
        harmful(
            IKE,
            "both tunnels to one instance, none to the other",
            at(_DEV, "device.tunnels.1.remote", "az-hub-vpngw.instances[0].tunnel"),
            at(_TUNNEL, f"{_FW1}.tunnels.0.remote", "weu-hub-vpngw.instances[1].tunnel"),
        ),
    ),
    operator(
        "drop a tunnel or its BGP session on a device",
        harmful(
            IKE,
            "a tunnel needs two ends",
            without(_DEV, "device.tunnels.0"),
            without(_DEV, "device.tunnels.1"),
            without(_TUNNEL, f"{_FW1}.tunnels.0"),
            without(_TUNNEL, f"{_FW2}.tunnels.1"),
        ),
        harmful(
            FAQ,
            "with link-local addresses the device must open the session",
            without(_DEV, "device.neighbours.0"),
            without(_DEV, "device.neighbours.1"),
            without(_TUNNEL, f"{_FW1}.neighbours.1"),
            without(_TUNNEL, f"{_FW2}.neighbours.0"),
        ),
        harmful("device-own-lookup", "nobody is at the far end", without(_DEV, "device"), without(_TUNNEL, _FW1)),
    ),
    operator(
        "change a device's algorithms",
        harmful(
            IKE,
            "Azure accepts its policy and nothing else: NO_PROPOSAL_CHOSEN",
            at(_DEV, "device.ikeProposal", "aes256-sha256-modp1024", "aes128-sha256-modp2048"),
            at(_DEV, "device.espProposal", "aes256gcm16", "aes256-sha256-modp2048"),
            at(_TUNNEL, f"{_FW1}.ikeProposal", "aes256-sha1-modp2048"),
            at(_TUNNEL, f"{_FW2}.espProposal", "aes256gcm16"),
        ),
    ),
    operator(
        "add a filter on a tunnel",
        harmful(
            "expressroute-over-vpn",
            "the site's prefix does not come through the tunnel, and ExpressRoute has it",
            at(f"dev/{DECLARED}", "topology", _tunnel(_DEV_TUNNEL, imports={"deny": ["10.100.0.0/24"]})),
        ),
        harmful(
            "longest-prefix-match",
            "the device does not hear of this spoke, and sends its traffic elsewhere",
            at(f"dev/{DECLARED}", "topology", _tunnel(_DEV_TUNNEL, exports={"deny": ["10.0.1.0/24"]})),
            at(f"prod/{DECLARED}", "topology", _tunnel(_FW1_TUNNEL, exports={"deny": ["10.11.0.0/16"]})),
        ),
        harmless(
            "longest-prefix-match",
            "nothing protected is in it, or the other device brings it",
            at(f"dev/{DECLARED}", "topology", _tunnel(_DEV_TUNNEL, imports={"deny": ["10.0.0.0/8"]})),
            at(f"prod/{DECLARED}", "topology", _tunnel(_FW1_TUNNEL, imports={"deny": ["10.210.0.0/16"]})),
            at(f"prod/{DECLARED}", "topology", _tunnel(_FW1_TUNNEL, imports={"deny": ["10.220.0.0/16"]})),
        ),
        harmless(
            "hub-routing-preference",
            "with preference VpnGateway the length is only compared among tunnels",
            at(f"dev/{DECLARED}", "topology", _tunnel(_DEV_TUNNEL, imports={"prepend": [65510] * 4})),
            at(f"prod/{DECLARED}", "topology", _tunnel(_FW1_TUNNEL, imports={"prepend": [65010] * 2})),
        ),
    ),
    operator(
        "change the intent",
        harmful(
            "only-route",
            "dev falls back to ExpressRoute in clear, which mode required forbids",
            at("dev/tunnel", "intent.0.mode", "required"),
        ),
        harmful(
            "longest-prefix-match",
            "the endpoints travel outside the tunnel, and with them whatever else listens there",
            at("dev/tunnel", "intent.0.to", ["10.100.0.96/27", "10.100.0.0/28"]),
            at("prod/tunnel", "intent.0.to", ["10.210.0.0/16", "10.200.0.0/24"]),
        ),
        harmful(
            "longest-prefix-match",
            "what starts in the trusted subnet has ExpressRoute's routes, and no forced one",
            at("dev/tunnel", "intent.0.to", ["10.100.0.96/27", "10.100.0.16/28"]),
        ),
        harmless(
            "only-route",
            "it asks for less",
            at("prod/tunnel", "intent.0.mode", "preferred"),
            at("dev/tunnel", "intent.0.to", ["10.100.0.96/28"]),
            at("dev/tunnel", "intent.0.from", ["10.0.1.0/24"]),
            at("prod/tunnel", "intent.0.to", ["10.210.0.0/24"]),
            at("prod/tunnel", "intent.0.from", ["10.11.0.0/16"]),
        ),
    ),
)
