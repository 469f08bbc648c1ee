"""The table of truth: every operator with what is true of its mutants.

Left out is what nobody has published, so that a truth would be a guess:

- the hub without allowRemoteVnetTraffic, where the endpoint's /32 comes from the provider and not from a VNet;
- a device that announces Azure's own prefixes, which depends on whether its BGP looks into its routing table first;
- a user-defined route of type VnetLocal for addresses outside the VNet;
- a RouteServerSubnet of /27, once documented and now a /26;
- an added VNet prefix inside the site's, where the intent may as well be an aggregate that covers Azure;
- a connection without a sharedKey, which keeps the key that it has, if it exists.

Left out too is what breaks nothing but a spare path, at Azure's side or the provider's, by a setting that only the
deployment would refuse.
"""

from tests.mutation.mutants import Operator
from tests.mutation.table import azure, crypto, device, gateways, provider

OPERATORS: tuple[Operator, ...] = (
    *crypto.OPERATORS,
    *gateways.OPERATORS,
    *azure.OPERATORS,
    *provider.OPERATORS,
    *device.OPERATORS,
)

__all__ = ["OPERATORS"]
