"""What protects the packets: algorithms, protocol, lifetimes, keys."""

from tests.mutation.mutants import arm_id, at, harmful, harmless, operator, without
from tests.mutation.table.places import (
    CONNECTIONS,
    DEV_CONNECTION,
    FAQ,
    FW1_CONNECTION,
    FW1_LOCAL,
    FW2_CONNECTION,
    IKE,
)

_POLICY = "ipsecPolicies.0"
_IKE_ALGORITHMS = "RFC 8247, Algorithm Implementation Requirements for IKEv2, 2017"
_ESP_ALGORITHMS = "RFC 8221, Cryptographic Algorithm Implementation Requirements for ESP and AH, 2017"
_DEVICES = "Learn: About VPN devices and IPsec/IKE parameters, 2026"


OPERATORS = (
    operator(
        "drop the IPsec/IKE policy",
        harmful(
            _DEVICES,
            "Azure's default proposals hold 3DES, SHA-1, group 2 and no perfect forward secrecy",
            without(CONNECTIONS, "ipsecPolicies"),
            at(CONNECTIONS, "ipsecPolicies", []),
        ),
    ),
    operator(
        "weaken an algorithm",
        harmful(
            _IKE_ALGORITHMS,
            "DES and 3DES have blocks of 64 bits, MD5 and SHA-1 are on their way out, groups 1 and 2 can be broken",
            at(CONNECTIONS, f"{_POLICY}.ikeEncryption", "DES", "DES3"),
            at(CONNECTIONS, f"{_POLICY}.ikeIntegrity", "MD5", "SHA1"),
            at(CONNECTIONS, f"{_POLICY}.dhGroup", "None", "DHGroup1", "DHGroup2"),
        ),
        harmful(
            _ESP_ALGORITHMS,
            "the same for packets; None sends them in clear or makes old ones readable with one key",
            at(CONNECTIONS, f"{_POLICY}.ipsecEncryption", "None", "DES", "DES3"),
            at(CONNECTIONS, f"{_POLICY}.ipsecIntegrity", "MD5", "SHA1"),
            at(CONNECTIONS, f"{_POLICY}.pfsGroup", "None", "PFS1", "PFS2"),
        ),
    ),
    operator(
        "take a field out of the policy",
        harmful(
            FAQ,
            "Azure refuses a policy that is not complete",
            without(CONNECTIONS, f"{_POLICY}.ikeEncryption"),
            without(CONNECTIONS, f"{_POLICY}.ikeIntegrity"),
            without(CONNECTIONS, f"{_POLICY}.dhGroup"),
            without(CONNECTIONS, f"{_POLICY}.ipsecEncryption"),
            without(CONNECTIONS, f"{_POLICY}.ipsecIntegrity"),
            without(CONNECTIONS, f"{_POLICY}.pfsGroup"),
            without(CONNECTIONS, f"{_POLICY}.saLifeTimeSeconds"),
            without(CONNECTIONS, f"{_POLICY}.saDataSizeKilobytes"),
        ),
    ),
    operator(
        "change one end's algorithm to another strong one",
        harmful(
            IKE,
            "the device proposes only the algorithms that were there: NO_PROPOSAL_CHOSEN",
            at(CONNECTIONS, f"{_POLICY}.ikeEncryption", "AES128"),
            at(CONNECTIONS, f"{_POLICY}.ikeIntegrity", "SHA384"),
            at(CONNECTIONS, f"{_POLICY}.dhGroup", "ECP384"),
            at(CONNECTIONS, f"{_POLICY}.pfsGroup", "ECP384"),
        ),
        harmful(
            FAQ,
            "with GCM the two fields of phase 2 must be equal",
            at(CONNECTIONS, f"{_POLICY}.ipsecIntegrity", "SHA256", "GCMAES128"),
            at(CONNECTIONS, f"{_POLICY}.ipsecEncryption", "AES256"),
        ),
        harmless(FAQ, "another name of group 14", at(CONNECTIONS, f"{_POLICY}.dhGroup", "DHGroup2048")),
    ),
    operator(
        "change a lifetime",
        harmful(
            FAQ,
            "below Azure's minimum of 300 seconds and 1,024 KB",
            at(CONNECTIONS, f"{_POLICY}.saLifeTimeSeconds", 299),
            at(CONNECTIONS, f"{_POLICY}.saDataSizeKilobytes", 1023),
        ),
        harmless(
            IKE,
            "lifetimes are each end's own; the shorter one rekeys",
            at(CONNECTIONS, f"{_POLICY}.saLifeTimeSeconds", 3600, 14400),
            at(CONNECTIONS, f"{_POLICY}.saDataSizeKilobytes", 10240000),
        ),
    ),
    operator(
        "change the protocol or who initiates",
        harmful(
            "RFC 9395, Deprecation of IKEv1, 2023",
            "the device speaks IKEv2 only, and IKEv1 is weaker",
            at(CONNECTIONS, "connectionProtocol", "IKEv1"),
        ),
        harmless(FAQ, "Azure takes IKEv2 if nothing is said", without(CONNECTIONS, "connectionProtocol")),
        harmless(
            IKE,
            "the device initiates, so that Azure may do so or not",
            at(CONNECTIONS, "connectionMode", "Default", "ResponderOnly"),
        ),
        harmless(
            FAQ,
            "from 9 to 3,600 seconds; 45 is what Azure takes",
            at(CONNECTIONS, "dpdTimeoutSeconds", 30, 45, 60),
        ),
        harmful(
            "Learn: Connect a VPN gateway to multiple on-premises policy-based VPN devices, 2025",
            "there are no prefixes of the local network gateway to make selectors of, and the device offers any to any",
            at(CONNECTIONS, "usePolicyBasedTrafficSelectors", True),
        ),
        harmless(
            FAQ, "that is what Azure takes if nothing is said", at(CONNECTIONS, "usePolicyBasedTrafficSelectors", False)
        ),
        harmless(
            FAQ,
            "the weight counts for ExpressRoute connections only",
            at(CONNECTIONS, "routingWeight", 0, 100),
        ),
    ),
    operator(
        "change where the key comes from",
        harmful(
            "RFC 7296, Internet Key Exchange Protocol Version 2, section 2.15 on pre-shared keys, 2014",
            "a literal key is known to everybody who can read the program",
            without(CONNECTIONS, "references.sharedKey"),
        ),
        harmful(
            "RFC 7296, Internet Key Exchange Protocol Version 2, section 2.15 on pre-shared keys, 2014",
            "whoever knows one device's key can be the other; and that one was configured with its own",
            at(FW1_CONNECTION, "references.sharedKey", "tunnel-hq-fw2-connection.sharedKey"),
            at(FW2_CONNECTION, "references.sharedKey", "tunnel-hq-fw1-connection.sharedKey"),
        ),
    ),
    operator(
        "lead a connection elsewhere",
        harmful(
            FAQ,
            "a site-to-site connection belongs to a VPN gateway",
            at(DEV_CONNECTION, "virtualNetworkGateway1", arm_id("dev", "virtualNetworkGateways/az-hub-ergw")),
        ),
        harmful(
            FAQ,
            "two tunnels to one device, none to the other",
            at(FW1_CONNECTION, "localNetworkGateway2", arm_id("prod", "localNetworkGateways/hq-fw2-lgw")),
            at(FW2_CONNECTION, "localNetworkGateway2", arm_id("prod", "localNetworkGateways/hq-fw1-lgw")),
        ),
        harmful(
            "expressroute-over-vpn",
            "there is no tunnel: dev falls back to ExpressRoute in clear, in prod the device's traffic is lost",
            without(CONNECTIONS),
        ),
        harmful(
            IKE,
            "another device answers there, with another key",
            at(FW1_LOCAL, "gatewayIpAddress", "10.200.0.20"),
        ),
    ),
)
