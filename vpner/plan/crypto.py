"""One crypto profile: Azure's ``ipsecPolicies`` and the device's proposals come from the same value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vpner.plan.skus import unknown_choice
from vpner.problems import Problem

_POLICY_DOC = "Learn: VPN Gateway FAQ, IPsec/IKE policy"

_WEAK = frozenset(
    ("DES", "DES3", "MD5", "SHA1", "None", "DHGroup1", "DHGroup2", "DHGroup24", "PFS1", "PFS2", "PFS24", "PFSMM")
)
"""What Azure offers and this project does not build."""
_ENCRYPTION = {
    "AES128": "aes128",
    "AES192": "aes192",
    "AES256": "aes256",
    "GCMAES128": "aes128gcm16",
    "GCMAES192": "aes192gcm16",
    "GCMAES256": "aes256gcm16",
}
_IKE_ENCRYPTION = ("AES128", "AES192", "AES256")
_INTEGRITY = {"SHA256": "sha256", "SHA384": "sha384"}
_DH_GROUP = {"DHGroup14": "modp2048", "DHGroup2048": "modp2048", "ECP256": "ecp256", "ECP384": "ecp384"}
_PFS_GROUP = {"PFS2048": "modp2048", "PFS14": "modp2048", "ECP256": "ecp256", "ECP384": "ecp384"}

_ARM = {
    "saLifeTimeSeconds": "sa_life_time_seconds",
    "saDataSizeKilobytes": "sa_data_size_kilobytes",
    "ipsecEncryption": "ipsec_encryption",
    "ipsecIntegrity": "ipsec_integrity",
    "ikeEncryption": "ike_encryption",
    "ikeIntegrity": "ike_integrity",
    "dhGroup": "dh_group",
    "pfsGroup": "pfs_group",
}
_NUMBERS = ("saLifeTimeSeconds", "saDataSizeKilobytes")


@dataclass(frozen=True, slots=True)
class CryptoProfile:
    """A complete IPsec/IKE policy, in the words of ARM's ``ipsecPolicies``. The default is strong and widely supported.

    Azure accepts weaker algorithms (DES, 3DES, MD5, SHA1, DH groups 1 and 2, no PFS). This project does not build them.
    AES-GCM is left out for IKE: the FAQ of 2026 no longer lists its integrity there, though ARM's enumeration does.
    """

    ike_encryption: str = "AES256"
    ike_integrity: str = "SHA256"
    dh_group: str = "DHGroup14"
    ipsec_encryption: str = "GCMAES256"
    ipsec_integrity: str = "GCMAES256"
    pfs_group: str = "PFS2048"
    sa_life_time_seconds: int = 27_000
    sa_data_size_kilobytes: int = 102_400_000

    def problems(self) -> Iterator[Problem]:
        """What Azure refuses, and what is too weak to be built; ``where`` is the field in ARM's spelling."""
        ipsec_integrity = (*(name for name in _ENCRYPTION if name.startswith("GCM")), "SHA256")
        for where, value, choices in (
            ("ikeEncryption", self.ike_encryption, _IKE_ENCRYPTION),
            ("ikeIntegrity", self.ike_integrity, tuple(_INTEGRITY)),
            ("dhGroup", self.dh_group, tuple(_DH_GROUP)),
            ("ipsecEncryption", self.ipsec_encryption, tuple(_ENCRYPTION)),
            ("ipsecIntegrity", self.ipsec_integrity, ipsec_integrity),
            ("pfsGroup", self.pfs_group, tuple(_PFS_GROUP)),
        ):
            if value not in choices:
                yield unknown_choice(where, "algorithm", value, choices, "too weak" if value in _WEAK else "unknown")
        if (
            "GCM" in self.ipsec_encryption or "GCM" in self.ipsec_integrity
        ) and self.ipsec_encryption != self.ipsec_integrity:
            yield Problem(
                "ipsecIntegrity",
                f"ipsecEncryption {self.ipsec_encryption} with ipsecIntegrity {self.ipsec_integrity}",
                "With AES-GCM, encryption and integrity are one algorithm and Azure wants both fields equal",
                f"write {_combined(self.ipsec_encryption, self.ipsec_integrity)} in both, or AES256 with SHA256",
                "crypto-gcm-mismatch",
                _POLICY_DOC,
            )
        for where, value, least in (
            ("saLifeTimeSeconds", self.sa_life_time_seconds, 300),
            ("saDataSizeKilobytes", self.sa_data_size_kilobytes, 1024),
        ):
            if value < least:
                yield Problem(
                    where,
                    f"{value} is less than {least}",
                    "Azure refuses shorter security associations",
                    f"write {least} or more",
                    "crypto-lifetime",
                    _POLICY_DOC,
                )

    @property
    def combined(self) -> bool:
        """Whether encryption and integrity of IPsec are one algorithm, AES-GCM."""
        return "GCM" in self.ipsec_encryption

    def ipsec_policy(self) -> dict[str, str | int]:
        """The profile in ARM's words: an entry of a connection's ``ipsecPolicies``."""
        return {key: getattr(self, field) for key, field in _ARM.items()}

    @classmethod
    def of_policy(cls, policy: Mapping[str, object]) -> CryptoProfile:
        """The profile of an entry of ``ipsecPolicies``. Raises :class:`KeyError` if a field is missing."""
        texts = {field: str(policy[key]) for key, field in _ARM.items() if key not in _NUMBERS}
        numbers = {_ARM[key]: int(str(policy[key])) for key in _NUMBERS}
        return cls(**texts, **numbers)  # type: ignore[arg-type]

    @property
    def ike_proposal(self) -> str:
        """strongSwan's spelling of the IKE proposal, for example ``aes256-sha256-modp2048``."""
        return "-".join((_ENCRYPTION[self.ike_encryption], _INTEGRITY[self.ike_integrity], _DH_GROUP[self.dh_group]))

    @property
    def esp_proposal(self) -> str:
        """strongSwan's spelling of the ESP proposal, for example ``aes256gcm16-modp2048``."""
        parts = [_ENCRYPTION[self.ipsec_encryption]]
        if not self.combined:
            parts.append(_INTEGRITY[self.ipsec_integrity])
        return "-".join((*parts, _PFS_GROUP[self.pfs_group]))


def _combined(encryption: str, integrity: str) -> str:
    """The combined algorithm among the two."""
    return encryption if "GCM" in encryption else integrity
