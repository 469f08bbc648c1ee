"""What every kind of device is configured with, whatever its configuration looks like."""

from __future__ import annotations

from vpner.plan.device import DevicePlan
from vpner.problems import Problem, Problems

KEY_PLACEHOLDER = "PUT-THE-PRE-SHARED-KEY-HERE"
"""Stands for a pre-shared key that was not asked for."""
REKEY_IKE_SECONDS = 25_200
"""Before Azure's fixed main-mode lifetime of 28,800 seconds ends (Learn: VPN Gateway FAQ)."""
KEEPALIVE, HOLD = 60, 180
"""Azure's BGP timers in seconds (Learn: VPN Gateway FAQ)."""


class Unbound(Problems):
    """The plan still has a symbol where a configuration needs an address."""


def require_bound(plan: DevicePlan) -> None:
    """Raise :class:`Unbound` if Azure has not chosen every tunnel address of the plan."""
    if plan.unbound:
        names = ", ".join(map(str, plan.unbound))
        why, remedy = (
            "A configuration is made of addresses",
            "deploy the VPN gateway first; a plan as text needs none",
        )
        problem = Problem(plan.name, f"Azure has not chosen {names} yet", why, remedy, "unbound")
        raise Unbound(f"cannot configure {plan.name}", [problem])


def rekey_esp_seconds(plan: DevicePlan) -> int:
    """When the device renews a CHILD_SA: before the policy's lifetime ends at the gateway."""
    return plan.crypto.sa_life_time_seconds * 9 // 10
