"""Where each part of the stack is created: subscription and resource group."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_azure_native import Provider
from pulumi_azure_native.resources import ResourceGroup

from vpner.settings.shape import Configuration

PARTS = ("hub", "branch", "circuits")


@dataclass(frozen=True)
class Home:
    """A resource group, and the provider of its subscription; None is the default provider."""

    group: Output[str]
    provider: Provider | None

    @property
    def options(self) -> ResourceOptions:
        """Options for a component that lives here."""
        return ResourceOptions(providers=[self.provider] if self.provider else None)


def homes(configuration: Configuration) -> dict[str, Home]:
    """The home of each part. Parts in one subscription share it."""
    by_subscription: dict[str | None, Home] = {}
    found: dict[str, Home] = {}
    for part in PARTS:
        subscription: str | None = getattr(configuration.subscriptions, part)
        if subscription not in by_subscription:
            by_subscription[subscription] = _home(configuration, part, subscription)
        found[part] = by_subscription[subscription]
    return found


def _home(configuration: Configuration, part: str, subscription: str | None) -> Home:
    provider = None
    if subscription is not None:
        # An explicit provider does not read the stack's configuration.
        location = pulumi.Config("azure-native").get("location")
        provider = Provider(f"{part}-subscription", subscription_id=subscription, location=location)
    group = ResourceGroup(
        "resource-group" if subscription is None else f"{part}-resource-group",
        resource_group_name=configuration.resource_group,
        tags=dict(configuration.tags),
        opts=ResourceOptions(provider=provider),
    )
    return Home(group.name, provider)


def foreign_providers(found: dict[str, Home]) -> dict[str, Provider]:
    """Providers of the gateways that are not in the circuits' subscription, by gateway."""
    return {
        part: found[part].provider or Provider(f"{part}-default-subscription")
        for part in ("hub", "branch")
        if found[part] is not found["circuits"]
    }
