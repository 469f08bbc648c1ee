"""The device plan that a component registered, read back: it says what no Azure resource tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import DevicePlan, Interface, StaticRoute, Tunnel
from vpner.problems import Problem, Problems
from vpner.topology import Address


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class _Interface(_Part):
    name: str
    address: IPv4Address
    default_gateway: IPv4Address
    prefix_length: int = 32


class _Static(_Part):
    destination: str
    interface: str
    next_hop: IPv4Address


class _Tunnel(_Part):
    name: str
    local: IPv4Address
    remote: str
    inner_local: IPv4Address
    inner_remote: IPv4Address


class _Neighbour(_Part):
    asn: int


class _Contract(_Part):
    name: str
    asn: int
    endpoint: IPv4Address
    inside: IPv4Address
    interfaces: tuple[_Interface, ...]
    express_route_interface: str
    statics: tuple[_Static, ...]
    tunnels: tuple[_Tunnel, ...]
    neighbours: tuple[_Neighbour, ...]
    ipsec_policy: dict[str, str | int]
    advertises: tuple[IPv4Network, ...]
    accepts: tuple[IPv4Network, ...] = ()
    prepend: int = 0


def read_contract(contract: Mapping[str, object], address: Callable[[str], Address | None]) -> DevicePlan:
    """The plan whose :meth:`DevicePlan.contract` this is.

    ``address`` finds what a symbol's name stands for: its address, where Azure has chosen it, else the symbol; None
    where there is no such symbol. Raises :class:`Problems` with everything that is missing or cannot be read.
    """
    where = f"device {contract.get('name', '')}".strip()
    try:
        given = _Contract.model_validate(dict(contract))
    except ValidationError as error:
        raise Problems(f"cannot read the plan of {where}", _problems(where, error)) from None
    sides = {item.name: _interface(item) for item in given.interfaces}
    if given.express_route_interface not in sides or not given.neighbours:
        raise _refused(where, "it has no ExpressRoute interface, or no BGP neighbour")
    others = [side for name, side in sides.items() if name != given.express_route_interface]
    return DevicePlan(
        name=given.name,
        asn=given.asn,
        endpoint=given.endpoint,
        inside=given.inside,
        gateway_asn=given.neighbours[0].asn,
        expressroute=sides[given.express_route_interface],
        lan=others[0] if others else None,
        statics=tuple(
            StaticRoute(_destination(where, item.destination, address), item.interface, item.next_hop)
            for item in given.statics
        ),
        tunnels=tuple(
            Tunnel(item.name, item.local, _known(where, item.remote, address), item.inner_local, item.inner_remote)
            for item in given.tunnels
        ),
        crypto=_profile(where, given.ipsec_policy),
        advertises=given.advertises,
        prepend=given.prepend,
        accepts=given.accepts,
    )


def _interface(item: _Interface) -> Interface:
    return Interface(item.name, item.address, item.default_gateway, item.prefix_length)


def _destination(where: str, text: str, address: Callable[[str], Address | None]) -> IPv4Network | Address:
    """A /32 is a single address, as :class:`StaticRoute` has it."""
    if text.endswith("/32"):
        return _known(where, text.removesuffix("/32"), address)
    try:
        return IPv4Network(text)
    except ValueError:
        raise _refused(where, f"{text!r} is no destination of a static route") from None


def _known(where: str, text: str, address: Callable[[str], Address | None]) -> Address:
    try:
        return IPv4Address(text)
    except ValueError:
        found = address(text)
        if found is None:
            raise _refused(where, f"{text!r} is neither an address nor a tunnel address of a VPN gateway") from None
        return found


def _profile(where: str, policy: Mapping[str, object]) -> CryptoProfile:
    try:
        return CryptoProfile.of_policy(policy)
    except KeyError as error:
        raise _refused(where, f"its ipsecPolicy has no {error.args[0]}") from None


def _problems(where: str, error: ValidationError) -> list[Problem]:
    return [
        Problem(
            f"{where}.{'.'.join(map(str, item['loc']))}",
            item["msg"],
            "A device is configured by its whole plan, as its component registered it",
            "deploy or preview with the component's own plan, or describe the network in a topology file",
            "device-contract",
        )
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _refused(where: str, what: str) -> Problems:
    why = "A device is configured by its whole plan, as its component registered it"
    remedy = "register the plan's own contract, or describe the network in a topology file"
    return Problems(f"cannot read the plan of {where}", [Problem(where, what, why, remedy, "device-contract")])
