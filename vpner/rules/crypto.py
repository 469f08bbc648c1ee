"""Rules on the cryptography of connections: their IPsec/IKE policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vpner.readers.resources import UNKNOWN, Resource, Value, mappings
from vpner.rules.network import Network, same_word
from vpner.rules.registry import Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation

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
LIFETIMES: Mapping[str, tuple[int, int | None]] = {
    "saLifeTimeSeconds": (300, 28_800),
    "saDataSizeKilobytes": (1024, None),
}
"""Least (Azure's) and most (eight hours, DISA's) of a security association. For its data nobody documents a most."""
_CONNECTION = "VirtualNetworkGatewayConnection"
_FAQ = "Learn: VPN Gateway FAQ, IPsec/IKE policy, 2026"
_DEVICES = "Learn: About VPN devices and IPsec/IKE parameters, 2025"
_IKEV2 = "RFC 8247: Algorithm Implementation Requirements and Usage Guidance for IKEv2, 2017"
_ESP = "RFC 8221: Cryptographic Algorithm Implementation Requirements for ESP and AH, 2017"
_COMPLETE = (
    "ipsecPolicies: [{saLifeTimeSeconds: 27000, saDataSizeKilobytes: 102400000, ipsecEncryption: GCMAES256, "
    "ipsecIntegrity: GCMAES256, ikeEncryption: AES256, ikeIntegrity: SHA256, dhGroup: DHGroup14, pfsGroup: PFS2048}]"
)
_UNKNOWN_POLICY = Example("the whole policy is unknown", (Edit("connection", "ipsecPolicies", UNKNOWN),))
_NO_POLICY = (Edit("connection", "ipsecPolicies", None),)


@rule(
    "explicit-ipsec-policy",
    Severity.HIGH,
    needs=(
        f"{_CONNECTION}.connectionType",
        f"{_CONNECTION}.ipsecPolicies",
        *(f"{_CONNECTION}.ipsecPolicies[].{key}" for key in (*STRONG, *LIFETIMES)),
    ),
    facts=(_FAQ, _DEVICES),
    why="Without a policy of its own a connection accepts Azure's default proposals, among them 3DES, SHA-1, DH group "
    "2 and no perfect forward secrecy; Azure refuses an incomplete policy, and AES-GCM in one of two fields that must "
    "be equal",
    remedy=f"write one complete policy, for example {_COMPLETE}",
    fails=(
        Example("there is no policy", _NO_POLICY),
        Example("the list is empty", (Edit("connection", "ipsecPolicies.0", None),)),
        Example("the policy is incomplete", (Edit("connection", "ipsecPolicies.0.ikeIntegrity", None),)),
        Example("GCM's two fields differ", (Edit("connection", "ipsecPolicies.0.ipsecIntegrity", "SHA256"),)),
        Example("GCM is in the integrity only", (Edit("connection", "ipsecPolicies.0.ipsecEncryption", "AES256"),)),
    ),
    passes=(
        Example("the policy is this project's default"),
        Example(
            "phase 2 is AES-256 with SHA-256",
            (
                Edit("connection", "ipsecPolicies.0.ipsecEncryption", "AES256"),
                Edit("connection", "ipsecPolicies.0.ipsecIntegrity", "SHA256"),
            ),
        ),
    ),
    unknown=(
        _UNKNOWN_POLICY,
        Example("one algorithm is unknown", (Edit("connection", "ipsecPolicies.0.ikeEncryption", UNKNOWN),)),
    ),
)
def explicit_ipsec_policy(network: Network) -> Iterator[Verdict]:
    """Every IPsec connection has exactly one complete IPsec/IKE policy that Azure accepts."""
    for connection in _connections(network):
        given = connection.get("ipsecPolicies")
        policies = mappings(given)
        wrong: list[str] = []
        if _listed(given) and len(policies) != 1:
            wrong.append(f"it has {len(policies) or 'no'} ipsecPolicies where there must be one")
        elif policies:
            wrong += _incomplete(policies[0])
        yield _verdict(connection, wrong, given, (*STRONG, *LIFETIMES), f"write it as a literal: {_COMPLETE}")


def _incomplete(policy: Mapping[str, Value]) -> Iterator[str]:
    for key in (*STRONG, *LIFETIMES):
        if policy.get(key) is None:
            yield f"ipsecPolicies[0].{key} is missing"
    encryption, integrity = (_folded(policy.get(key)) for key in ("ipsecEncryption", "ipsecIntegrity"))
    if encryption and integrity and encryption != integrity and any("gcm" in item for item in (encryption, integrity)):
        given = f"{policy['ipsecIntegrity']} with ipsecEncryption {policy['ipsecEncryption']}"
        yield f"ipsecPolicies[0].ipsecIntegrity is {given}, and with AES-GCM both must be equal"


@rule(
    "strong-algorithms",
    Severity.HIGH,
    needs=(f"{_CONNECTION}.connectionType", *(f"{_CONNECTION}.ipsecPolicies[].{key}" for key in STRONG)),
    facts=(_IKEV2, _ESP, _FAQ),
    why="DES, 3DES, MD5, SHA-1 and Diffie-Hellman groups of 1024 bits or less can be attacked, and without perfect "
    "forward secrecy one broken key opens all that was recorded",
    remedy="write ipsecEncryption and ipsecIntegrity: GCMAES256, ikeEncryption: AES256, ikeIntegrity: SHA256, "
    "dhGroup: DHGroup14, pfsGroup: PFS2048",
    fails=(
        Example("phase 1 is 3DES", (Edit("connection", "ipsecPolicies.0.ikeEncryption", "DES3"),)),
        Example("phase 1 uses SHA-1", (Edit("connection", "ipsecPolicies.0.ikeIntegrity", "SHA1"),)),
        Example("phase 1 uses group 2", (Edit("connection", "ipsecPolicies.0.dhGroup", "DHGroup2"),)),
        Example("there is no perfect forward secrecy", (Edit("connection", "ipsecPolicies.0.pfsGroup", "None"),)),
        Example("phase 2 does not encrypt", (Edit("connection", "ipsecPolicies.0.ipsecEncryption", "None"),)),
    ),
    passes=(
        Example("the policy is this project's default"),
        Example("the spelling's case differs", (Edit("connection", "ipsecPolicies.0.ikeIntegrity", "sha384"),)),
        Example("phase 1 is GCM", (Edit("connection", "ipsecPolicies.0.ikeEncryption", "GCMAES256"),)),
    ),
    unknown=(
        _UNKNOWN_POLICY,
        Example("one algorithm is unknown", (Edit("connection", "ipsecPolicies.0.dhGroup", UNKNOWN),)),
    ),
)
def strong_algorithms(network: Network) -> Iterator[Verdict]:
    """No IPsec/IKE policy names DES, 3DES, MD5, SHA-1, DH group 1 or 2, or None.

    A connection without a policy, or with a part of one, is `explicit-ipsec-policy`'s finding, and not repeated here.
    """
    for connection in _connections(network):
        given = connection.get("ipsecPolicies")
        wrong = [
            f"ipsecPolicies[{index}].{key} is {value}"
            for index, policy in enumerate(mappings(given))
            for key, strong in STRONG.items()
            if (value := policy.get(key)) not in (None, UNKNOWN) and _folded(value) not in map(str.casefold, strong)
        ]
        yield _verdict(connection, wrong, given, STRONG, "write the algorithms as literals")


@rule(
    "ikev2-only",
    Severity.HIGH,
    needs=(f"{_CONNECTION}.connectionType", f"{_CONNECTION}.connectionProtocol"),
    facts=("RFC 9395: Deprecation of the Internet Key Exchange Version 1 (IKEv1) Protocol, 2023", _FAQ),
    why="IKEv1 is deprecated: it has no modern algorithms and is open to amplification",
    remedy="write connectionProtocol: IKEv2; Azure cannot change it, so the connection is replaced",
    fails=(Example("the connection speaks IKEv1", (Edit("connection", "connectionProtocol", "IKEv1"),)),),
    passes=(
        Example("the connection speaks IKEv2"),
        Example("the protocol is left to Azure, which takes IKEv2", (Edit("connection", "connectionProtocol", None),)),
    ),
    unknown=(Example("the protocol is unknown", (Edit("connection", "connectionProtocol", UNKNOWN),)),),
)
def ikev2_only(network: Network) -> Iterator[Verdict]:
    """Every IPsec connection speaks IKEv2."""
    for connection in _connections(network):
        protocol = connection.get("connectionProtocol")
        if protocol is UNKNOWN:
            yield inconclusive(connection, "connectionProtocol is unknown", "write connectionProtocol: IKEv2")
        elif protocol is not None and same_word(protocol, "IKEv2") is not True:
            yield violation(connection, f"connectionProtocol is {protocol}")
        else:
            yield passed(connection)


@rule(
    "sane-lifetimes",
    Severity.HIGH,
    needs=(f"{_CONNECTION}.connectionType", *(f"{_CONNECTION}.ipsecPolicies[].{key}" for key in LIFETIMES)),
    facts=(_FAQ, "DISA: Virtual Private Network Security Requirements Guide, V-207237, 2024-12-19"),
    why="Azure refuses security associations of less than 300 seconds or 1024 kilobytes; one of more than eight hours "
    "leaves too much traffic under one key",
    remedy="write saLifeTimeSeconds: 27000 and saDataSizeKilobytes: 102400000, Azure's own defaults",
    fails=(
        Example("the lifetime is too short", (Edit("connection", "ipsecPolicies.0.saLifeTimeSeconds", 299),)),
        Example("the lifetime is too long", (Edit("connection", "ipsecPolicies.0.saLifeTimeSeconds", 28801),)),
        Example("the data is too little", (Edit("connection", "ipsecPolicies.0.saDataSizeKilobytes", 1023),)),
    ),
    passes=(
        Example("both are Azure's defaults"),
        Example("the lifetime is the shortest", (Edit("connection", "ipsecPolicies.0.saLifeTimeSeconds", 300),)),
        Example("the lifetime is eight hours", (Edit("connection", "ipsecPolicies.0.saLifeTimeSeconds", 28800),)),
        Example("there is no policy, and Azure takes its defaults", _NO_POLICY),
    ),
    unknown=(
        _UNKNOWN_POLICY,
        Example("the lifetime is unknown", (Edit("connection", "ipsecPolicies.0.saLifeTimeSeconds", UNKNOWN),)),
    ),
)
def sane_lifetimes(network: Network) -> Iterator[Verdict]:
    """Security associations live neither too short for Azure nor longer than eight hours."""
    for connection in _connections(network):
        given = connection.get("ipsecPolicies")
        wrong = [
            f"ipsecPolicies[{index}].{key} is {value}, {bounds}"
            for index, policy in enumerate(mappings(given))
            for key in LIFETIMES
            if (value := policy.get(key)) not in (None, UNKNOWN) and (bounds := _out_of_bounds(key, value))
        ]
        yield _verdict(connection, wrong, given, LIFETIMES, "write the lifetimes as literals")


def _out_of_bounds(key: str, value: Value) -> str:
    """What is wrong with a lifetime; empty if nothing is."""
    least, most = LIFETIMES[key]
    if not isinstance(value, int | float):
        return "not a number"
    if value < least:
        return f"less than {least}"
    return f"more than {most}" if most is not None and value > most else ""


def _verdict(
    connection: Resource, wrong: list[str], policies: Value, keys: Mapping[str, object] | tuple[str, ...], remedy: str
) -> Verdict:
    """What is wrong comes first; then what is unknown of the keys that a rule reads."""
    if wrong:
        return violation(connection, "; ".join(wrong))
    unknown = [
        f"ipsecPolicies[{index}].{key}"
        for index, policy in enumerate(mappings(policies))
        for key in keys
        if policy.get(key) is UNKNOWN
    ]
    if unknown or not _listed(policies):
        return inconclusive(connection, f"{', '.join(unknown) or 'ipsecPolicies'} is unknown", remedy)
    return passed(connection)


def _connections(network: Network) -> Iterator[Resource]:
    """IPsec connections of a network with something to protect: over the Internet too, since traffic may move there."""
    return (item.resource for item in network.ipsec_connections if network.concerned)


def _listed(policies: Value) -> bool:
    """Whether it is known which policies there are; of each something may still be unknown."""
    return policies is None or (isinstance(policies, list) and UNKNOWN not in policies)


def _folded(value: Value) -> str:
    """An algorithm's name without regard to case, as Azure reads it; empty if it is none."""
    return value.casefold() if isinstance(value, str) else ""
