"""What two ends agree on, if each offers exactly one profile: a suite for every exchange, or nothing.

IKEv2 (RFC 7296) selects one algorithm of each type that both ends have (section 2.7); with one of each, the proposals
are equal in everything that an exchange negotiates, or there is NO_PROPOSAL_CHOSEN. The first CHILD_SA is negotiated in
IKE_AUTH, without a key exchange of its own (section 1.2), so that a difference in PFS group is not seen there: the
tunnel comes up, and breaks at its first rekeying.
"""

from __future__ import annotations

from dataclasses import dataclass

from vpner.plan.crypto import CryptoProfile

NO_PROPOSAL_CHOSEN = "NO_PROPOSAL_CHOSEN"


@dataclass(frozen=True, slots=True)
class Suite:
    """Algorithms in strongSwan's spelling, as ``swanctl --list-sas`` and vici show them. None: has none of its own."""

    encryption: str
    key_bits: int
    integrity: str | None = None
    prf: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        """As a log line has it: ``AES_GCM_16_256/MODP_2048``."""
        return "/".join(
            part for part in (f"{self.encryption}_{self.key_bits}", self.integrity, self.prf, self.group) if part
        )


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The suite of each exchange; None where it ends in NO_PROPOSAL_CHOSEN, or is never reached."""

    ike: Suite | None
    child: Suite | None
    """Of the first CHILD_SA, which IKE_AUTH makes without a Diffie-Hellman group."""
    rekeyed: Suite | None
    """Of the CHILD_SA after a rekeying, with perfect forward secrecy."""

    @property
    def comes_up(self) -> bool:
        return self.ike is not None and self.child is not None

    @property
    def stays_up(self) -> bool:
        return self.comes_up and self.rekeyed is not None

    def document(self) -> dict[str, str]:
        """Each exchange's result as text."""
        results = {"ike": self.ike, "child": self.child, "rekeyed": self.rekeyed}
        return {exchange: NO_PROPOSAL_CHOSEN if suite is None else str(suite) for exchange, suite in results.items()}


def negotiate(one: CryptoProfile, other: CryptoProfile) -> Negotiated:
    """What the two ends agree on, whichever of them starts. Lifetimes are not negotiated (section 2.8)."""
    ike = ike_suite(one) if ike_suite(one) == ike_suite(other) else None
    mine, theirs = child_suite(one), child_suite(other)
    child = mine if ike is not None and mine == theirs else None
    mine, theirs = child_suite(one, rekeyed=True), child_suite(other, rekeyed=True)
    return Negotiated(ike, child, mine if child is not None and mine == theirs else None)


def ike_suite(profile: CryptoProfile) -> Suite:
    """The suite of the IKE_SA that a profile offers. Its PRF is the HMAC of its integrity algorithm."""
    integrity = _HMAC[profile.ike_integrity]
    return Suite(
        *_ENCRYPTION[profile.ike_encryption],
        integrity=f"HMAC_{integrity}",
        prf=f"PRF_HMAC_{integrity.rpartition('_')[0]}",
        group=_GROUP[profile.dh_group],
    )


def child_suite(profile: CryptoProfile, *, rekeyed: bool = False) -> Suite:
    """The suite of a CHILD_SA that a profile offers: the first one, or one after a rekeying."""
    integrity = None if profile.combined else f"HMAC_{_HMAC[profile.ipsec_integrity]}"
    group = _GROUP[profile.pfs_group] if rekeyed else None
    return Suite(*_ENCRYPTION[profile.ipsec_encryption], integrity=integrity, group=group)


_ENCRYPTION = {
    "AES128": ("AES_CBC", 128),
    "AES192": ("AES_CBC", 192),
    "AES256": ("AES_CBC", 256),
    "GCMAES128": ("AES_GCM_16", 128),
    "GCMAES192": ("AES_GCM_16", 192),
    "GCMAES256": ("AES_GCM_16", 256),
}
_HMAC = {"SHA256": "SHA2_256_128", "SHA384": "SHA2_384_192"}
_GROUP = {
    "DHGroup14": "MODP_2048",
    "DHGroup2048": "MODP_2048",
    "PFS14": "MODP_2048",
    "PFS2048": "MODP_2048",
    "ECP256": "ECP_256",
    "ECP384": "ECP_384",
}
