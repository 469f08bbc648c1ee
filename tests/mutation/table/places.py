"""Resources of the two stacks that the table edits, and documents that it cites more than once."""

DEV_CONNECTION = "dev/tunnel-branch-opnnva-connection"
FW1_CONNECTION = "prod/tunnel-hq-fw1-connection"
FW2_CONNECTION = "prod/tunnel-hq-fw2-connection"
CONNECTIONS = (DEV_CONNECTION, FW1_CONNECTION, FW2_CONNECTION)
VPN_GATEWAYS = ("dev/tunnel-vpngw", "prod/tunnel-vpngw")
VPN_ADDRESSES = ("dev/tunnel-pip1", "dev/tunnel-pip2", "prod/tunnel-pip1", "prod/tunnel-pip2")
DEV_LOCAL = "dev/tunnel-branch-opnnva-lgw"
FW1_LOCAL = "prod/tunnel-hq-fw1-lgw"
FW2_LOCAL = "prod/tunnel-hq-fw2-lgw"
LOCALS = (DEV_LOCAL, FW1_LOCAL, FW2_LOCAL)
ROUTE_SERVERS = ("dev/route-server-rs", "prod/route-server-rs")
HUB_TO_SPOKE = (
    "dev/hub-hub-to-az-spk1",
    "dev/hub-hub-to-az-spk2",
    "prod/hub-hub-to-weu-erp",
    "prod/hub-hub-to-weu-web",
)
SPOKE_TO_HUB = (
    "dev/hub-az-spk1-to-hub",
    "dev/hub-az-spk2-to-hub",
    "prod/hub-weu-erp-to-hub",
    "prod/hub-weu-web-to-hub",
)
PEERINGS = (*HUB_TO_SPOKE, *SPOKE_TO_HUB)

FAQ = "Learn: VPN Gateway FAQ, 2026"
PRIVATE_PEERING = "Learn: Site-to-site VPN connections over ExpressRoute private peering, 2023-07-28"
ROUTE_SERVER_FAQ = "Learn: Azure Route Server FAQ, 2025-09-17"
ROUTE_SERVER_GATEWAYS = "Learn: Azure Route Server support for ExpressRoute and VPN, 2025"
COEXISTING = "Learn: Configure ExpressRoute and site-to-site coexisting connections, 2025"
ER_GATEWAYS = "Learn: About ExpressRoute virtual network gateways, 2026-09-05"
TRAFFIC_ROUTING = "Learn: Virtual network traffic routing, 2025"
PEERING = "Learn: Create, change, or delete a virtual network peering, 2025"
IKE = "RFC 7296, Internet Key Exchange Protocol Version 2, 2014"
