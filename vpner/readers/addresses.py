"""Addresses and prefixes as the format writes them, with every mistake collected under its key path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from vpner.problems import Problem
from vpner.topology import ANYWHERE, Address, Prefix, Symbol

_MASKED = re.compile(r"(\d{1,3}\.){1,3}(X\.){0,2}X")
MASKED = "masked"
"""Attribute of a symbol that stands for an address of which only the first bytes were published."""
_PRIVATE = tuple(IPv4Network(p) for p in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
"""RFC 1918, and RFC 6598 for carriers: no address of the Internet."""
_SYMBOL = re.compile(r"(?P<owner>.+?)\.(?P<attribute>\w+\[.*)")


def is_private(address: IPv4Address) -> bool:
    """Whether the address can only be reached over a private network."""
    return any(address in prefix for prefix in _PRIVATE)


class AddressReader:
    """Turns text into values. What it cannot read becomes a problem and a harmless value, so that reading goes on."""

    def __init__(self, owners: Mapping[str, IPv4Network]) -> None:
        self.problems: list[Problem] = []
        self._owners = owners

    def report(self, where: str, what: str, why: str, remedy: str, code: str) -> None:
        self.problems.append(Problem(where, what, why, remedy, code))

    def address(self, text: str | None, where: str, symbol: Symbol) -> Address:
        """An IPv4 address. Null and an address that an author masked (``20.X.X.X``) become the symbol."""
        if text is None:
            return symbol
        if _MASKED.fullmatch(text):
            known = [part for part in text.split(".") if part != "X"]
            padded = ".".join(known + ["0"] * (4 - len(known)))
            return Symbol(symbol.owner, symbol.attribute, IPv4Network(f"{padded}/{8 * len(known)}"))
        if not text[:1].isdigit() and (named := _SYMBOL.fullmatch(text)) and named["owner"] in self._owners:
            return Symbol(named["owner"], named["attribute"], self._owners[named["owner"]])
        try:
            return IPv4Address(text)
        except ValueError as error:
            why = "Addresses are IPv4 here" if ":" in text else str(error).rstrip(".")
            self.report(where, f"{text!r} is not an IPv4 address", why, "write a.b.c.d, or null if unknown", "address")
            return symbol

    def optional(self, text: str | None, where: str) -> Address | None:
        """An address that need not be there. A masked one is known by its text alone."""
        return None if text is None else self.address(text, where, Symbol(text, MASKED, ANYWHERE))

    def literal(self, text: str, where: str) -> IPv4Address:
        """An address that must be known."""
        found = self.address(text, where, Symbol(text, MASKED, ANYWHERE))
        return found if isinstance(found, IPv4Address) else IPv4Address(0)

    def next_hop(self, text: str | None, where: str) -> Address | IPv6Address | None:
        """A route's next hop, which may be IPv6."""
        if text is not None and ":" in text:
            try:
                return IPv6Address(text)
            except ValueError as error:
                self.report(where, f"{text!r} is not an address", str(error), "write an IPv6 address", "address")
                return None
        return self.optional(text, where)

    def prefix(self, text: str, where: str) -> Prefix:
        try:
            return ip_network(text)
        except ValueError as error:
            self._malformed(text, where, error)
            return ANYWHERE

    def prefix4(self, text: str, where: str) -> IPv4Network:
        """An IPv4 prefix, where IPv6 is not modelled."""
        prefix = self.prefix(text, where)
        if isinstance(prefix, IPv6Network):
            self.report(
                where,
                f"{text} is IPv6",
                "IPv6 is modelled in VNets, route tables and over ExpressRoute; VPN and Route Server carry IPv4 only",
                "remove it, or write an IPv4 prefix",
                "ipv6-not-modelled",
            )
            return ANYWHERE
        return prefix

    def prefixes(self, texts: Iterable[str], where: str) -> tuple[Prefix, ...]:
        return tuple(self.prefix(text, f"{where}[{index}]") for index, text in enumerate(texts))

    def prefixes4(self, texts: Iterable[str], where: str) -> tuple[IPv4Network, ...]:
        return tuple(self.prefix4(text, f"{where}[{index}]") for index, text in enumerate(texts))

    def destination(self, text: str, where: str) -> Prefix | Symbol:
        """Of a static route: a prefix, or the name of an address that Azure has not chosen yet."""
        if "/" not in text and not text[:1].isdigit():
            found = self.address(text, where, Symbol(where, "prefix", ANYWHERE))
            if isinstance(found, Symbol):
                return found
        return self.prefix(text, where)

    def _malformed(self, text: str, where: str, error: ValueError) -> None:
        remedy = "write address/length, for example 10.0.0.0/24"
        if "host bits" in str(error):
            remedy = f"write {ip_network(text, strict=False)}"
        self.report(where, f"{text!r} is not a prefix", str(error).rstrip("."), remedy, "prefix")


def masked_text(symbol: Symbol) -> str | None:
    """``20.X.X.X`` for an address of which whole bytes are known; None if nothing or everything is."""
    known, rest = divmod(symbol.within.prefixlen, 8)
    if rest or not 0 < known < 4:
        return None
    return ".".join(str(symbol.within.network_address).split(".")[:known] + ["X"] * (4 - known))
