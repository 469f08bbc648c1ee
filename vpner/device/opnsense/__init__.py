"""OPNsense 26.1: a device plan as ``config.xml``, and any ``config.xml`` read back and compared.

Public: :func:`render`, :func:`read_config`, :func:`configuration`, :func:`differences` and the types of ``model``.
"""

from __future__ import annotations

from vpner.device.opnsense.compare import Difference, differences
from vpner.device.opnsense.model import RELEASE, OpnsenseConfig, configuration
from vpner.device.opnsense.read import read_config
from vpner.device.opnsense.write import write
from vpner.plan.device import DevicePlan

__all__ = [
    "RELEASE",
    "Difference",
    "OpnsenseConfig",
    "configuration",
    "differences",
    "read_config",
    "render",
]


def render(
    plan: DevicePlan,
    *,
    pre_shared_key: str | None = None,
    root_password_hash: str | None = None,
    management: tuple[str, ...] = (),
) -> str:
    """The configuration that a bound plan asks for, as XML text. See :func:`configuration` and :func:`write`."""
    return write(
        configuration(plan),
        pre_shared_key=pre_shared_key,
        root_password_hash=root_password_hash,
        management=management,
    )
