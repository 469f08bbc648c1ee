"""What Azure's documentation leaves open, as named switches. A solution says which of them it depends on."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Each switch is a fact of the same name in ``facts.yaml`` (with dashes), with what speaks for the default."""

    msee_accepts_own_asn: bool = True
    """Microsoft's edge accepts paths from a router that contain 12076."""
    msee_strips_leading_private_asns: bool = True
    """Towards a router the edge removes private ASNs up to the first public one; False: all of them."""
    remote_vnet_filter_follows_path: bool = True
    """allowRemoteVnetTraffic also drops a VNet's prefix that came back through somebody else's router."""
    er_gateway_weight_first: bool = True
    """Under branch-to-branch an ExpressRoute gateway keeps its edge's path by weight; False: AS path decides first."""
    er_instances_agree: bool = True
    """Both instances of an ExpressRoute gateway choose the same of several equal paths; False: each another one."""
    vpn_multipath_with_route_server: bool = True
    """With a Route Server, NICs use every equal VPN instance; False: one."""
    as_path_tie_prefers_er: bool = True
    """With preference ASPath and equal lengths ExpressRoute wins; False: both are used."""
    route_server_sees_er_weight: bool = False
    """Route Server compares the routing weight of ExpressRoute connections before AS paths."""
    gateways_peer_despite_route_server: bool = False
    """ExpressRoute and VPN gateway keep their direct session under branch-to-branch."""
    vpn_static_beats_bgp: bool = True
    """A VPN gateway prefers a local network gateway's prefix to the same prefix from BGP; False: AS path decides."""
    vpn_tunnels_before_route_server: bool = True
    """A VPN gateway prefers what comes through its tunnels to what Route Server reflects; False: AS path decides."""
    vpn_sibling_is_next_hop: bool = True
    """In a VNet with nothing but a VPN gateway, an instance that knows a route only from its sibling is a next hop."""
    edge_hides_announced_prefixes: bool = False
    """An edge hands a gateway no path at all for a prefix that the gateway announces; False: none that is its own."""
    routers_speak_first: bool = True
    """Of several stable states the one is taken that follows when routers speak before gateways; False: after."""
    tunnel_uses_gateway_subnet: bool = True
    """A VPN gateway sends a tunnel's outer packets by the routes of GatewaySubnet; False: always outside tunnels."""
    device_without_statics_avoids_tunnel: bool = True
    """A device that lists no static route sends outer packets outside its tunnels; False: by its BGP routes."""

    def flipped(self, name: str) -> Assumptions:
        """The same assumptions with one switch the other way."""
        return replace(self, **{name: not getattr(self, name)})


DEFAULT = Assumptions()

SWITCHES = tuple(field.name for field in fields(Assumptions))
