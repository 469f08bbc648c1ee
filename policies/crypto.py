"""Rules on the cryptography of connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.network import Network, same_word
from policies.registry import Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation
from vpner.plan.crypto import CryptoProfile
from vpner.readers.resources import UNKNOWN, Resource, Value, has_unknown, mappings

_GCM = ("GCMAES128", "GCMAES192", "GCMAES256")
_AES = ("AES128", "AES192", "AES256")
STRONG: Mapping[str, tuple[str, ...]] = {
    "ikeEncryption": (*_AES, "GCMAES128", "GCMAES256"),
    "ikeIntegrity": ("SHA256", "SHA384", "GCMAES128", "GCMAES256"),
    "dhGroup": ("DHGroup14", "DHGroup2048", "DHGroup24", "ECP256", "ECP384"),
    "ipsecEncryption": (*_AES, *_GCM),
    "ipsecIntegrity": ("SHA256", *_GCM),
    "pfsGroup": ("PFS14", "PFS2048", "PFS24", "PFSMM", "ECP256", "ECP384"),
}
"""What Azure offers without DES, 3DES, MD5, SHA-1, groups of 1024 bits or less, and None. PFSMM repeats dhGroup."""
LIFETIMES = ("saLifeTimeSeconds", "saDataSizeKilobytes")
_COMPLETE = (
    "ipsecPolicies: [{saLifeTimeSeconds: 27000, saDataSizeKilobytes: 102400000, ipsecEncryption: GCMAES256, "
    "ipsecIntegrity: GCMAES256, ikeEncryption: AES256, ikeIntegrity: SHA256, dhGroup: DHGroup14, pfsGroup: PFS2048}]"
)


@rule(
    "strong-ipsec-policy",
    Severity.HIGH,
    needs=(
        "VirtualNetworkGatewayConnection.connectionType",
        "VirtualNetworkGatewayConnection.connectionProtocol",
        "VirtualNetworkGatewayConnection.ipsecPolicies",
        *(f"VirtualNetworkGatewayConnection.ipsecPolicies[].{key}" for key in (*STRONG, *LIFETIMES)),
    ),
    facts=(
        "Learn: VPN Gateway FAQ, IPsec/IKE policy",
        "Learn: About VPN devices: default proposals include DH group 2, SHA1 and 3DES",
    ),
    why="Without a policy of its own a connection accepts Azure's default proposals, among them 3DES, SHA-1 and no "
    "perfect forward secrecy; what is weak in a policy is what an attacker breaks",
    remedy=f"write connectionProtocol: IKEv2 and one complete policy, for example {_COMPLETE}",
    fails=(
        Example("there is no policy", (Edit("connection", "ipsecPolicies", None),)),
        Example("phase 1 uses group 2", (Edit("connection", "ipsecPolicies.0.dhGroup", "DHGroup2"),)),
        Example("there is no perfect forward secrecy", (Edit("connection", "ipsecPolicies.0.pfsGroup", "None"),)),
        Example("GCM's two fields differ", (Edit("connection", "ipsecPolicies.0.ipsecIntegrity", "SHA256"),)),
        Example("the policy is incomplete", (Edit("connection", "ipsecPolicies.0.ikeIntegrity", None),)),
        Example("the lifetime is too short", (Edit("connection", "ipsecPolicies.0.saLifeTimeSeconds", 299),)),
        Example("the connection speaks IKEv1", (Edit("connection", "connectionProtocol", "IKEv1"),)),
    ),
    passes=(
        Example("the policy is this project's default"),
        Example("the protocol is left to Azure, which takes IKEv2", (Edit("connection", "connectionProtocol", None),)),
        Example(
            "phase 2 is AES-256 with SHA-256",
            (
                Edit("connection", "ipsecPolicies.0.ipsecEncryption", "AES256"),
                Edit("connection", "ipsecPolicies.0.ipsecIntegrity", "SHA256"),
            ),
        ),
    ),
    unknown=(
        Example("the whole policy is unknown", (Edit("connection", "ipsecPolicies", UNKNOWN),)),
        Example("one algorithm is unknown", (Edit("connection", "ipsecPolicies.0.ikeEncryption", UNKNOWN),)),
        Example("the protocol is unknown", (Edit("connection", "connectionProtocol", UNKNOWN),)),
    ),
)
def strong_ipsec_policy(network: Network) -> Iterator[Verdict]:
    """Every IPsec connection has exactly one complete IPsec/IKE policy of strong algorithms, and speaks IKEv2."""
    for connection in network.ipsec_connections:
        yield _judge(connection.resource)


def _judge(connection: Resource) -> Verdict:
    protocol, policies = connection.get("connectionProtocol"), connection.get("ipsecPolicies")
    wrong: list[str] = []
    if isinstance(protocol, str) and not same_word(protocol, "IKEv2"):
        wrong.append(f"connectionProtocol is {protocol}")
    if policies is not UNKNOWN:
        listed = mappings(policies)
        if len(listed) != 1:
            wrong.append(f"it has {len(listed) or 'no'} ipsecPolicies where there must be one")
        for policy in listed[:1]:
            wrong += _weaknesses(policy)
    if wrong:
        return violation(connection, "; ".join(wrong))
    if protocol is UNKNOWN or has_unknown(policies):
        keys = ["connectionProtocol"] if protocol is UNKNOWN else []
        if has_unknown(policies):
            policy = mappings(policies)[:1]
            keys += [f"ipsecPolicies[0].{key}" for item in policy for key in item if item[key] is UNKNOWN]
            keys += [] if policy else ["ipsecPolicies"]
        return inconclusive(connection, f"{', '.join(keys)} is unknown", f"write it as a literal: {_COMPLETE}")
    return passed(connection)


def _weaknesses(policy: Mapping[str, Value]) -> Iterator[str]:
    """What is missing, weak or refused by Azure in one policy. What is unknown is left to the caller."""
    for key in (*STRONG, *LIFETIMES):
        if policy.get(key) is None:
            yield f"ipsecPolicies[0].{key} is missing"
    for key, strong in STRONG.items():
        value = policy.get(key)
        if isinstance(value, str) and value not in strong:
            yield f"ipsecPolicies[0].{key} is {value}"
    ike_encryption, ike_integrity = policy.get("ikeEncryption"), policy.get("ikeIntegrity")
    if isinstance(ike_encryption, str) and ike_integrity in _GCM and ike_integrity != ike_encryption:
        yield f"ipsecPolicies[0].ikeIntegrity is {ike_integrity} with ikeEncryption {ike_encryption}"
    # What Azure itself refuses is checked by the planner of this project's own policy.
    profile = CryptoProfile(
        ipsec_encryption=_text(policy, "ipsecEncryption"),
        ipsec_integrity=_text(policy, "ipsecIntegrity"),
        sa_life_time_seconds=_number(policy, "saLifeTimeSeconds"),
        sa_data_size_kilobytes=_number(policy, "saDataSizeKilobytes"),
    )
    pair_known = all(isinstance(policy.get(key), str) for key in ("ipsecEncryption", "ipsecIntegrity"))
    checked = ("crypto-lifetime", *(("crypto-gcm-mismatch",) if pair_known else ()))
    yield from (f"ipsecPolicies[0]: {item.what}" for item in profile.problems() if item.code in checked)


def _text(policy: Mapping[str, Value], key: str) -> str:
    value = policy.get(key)
    return value if isinstance(value, str) else ""


def _number(policy: Mapping[str, Value], key: str) -> int:
    value = policy.get(key)
    return int(value) if isinstance(value, int | float) else CryptoProfile().sa_data_size_kilobytes
