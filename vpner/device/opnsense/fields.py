"""Values of XML elements by type, with every value that cannot be read as a problem."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from xml.etree.ElementTree import Element

from vpner.problems import Problem, refuse

_UNREAD_ADDRESS, _UNREAD_NETWORK = IPv4Address(0), IPv4Network("0.0.0.0/32")
"""Stand for what could not be read; a configuration with one is never returned."""


class Fields:
    """Reads the children of elements. Problems gather here until :meth:`refuse`."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def refuse(self, heading: str) -> None:
        """Raise :class:`vpner.problems.Problems` if something could not be read."""
        refuse(heading, self._problems)

    def text(self, element: Element, tag: str) -> str:
        return (element.findtext(tag) or "").strip()

    def listed(self, element: Element, tag: str) -> tuple[str, ...]:
        """A text with commas."""
        return tuple(part.strip() for part in self.text(element, tag).split(",") if part.strip())

    def enabled(self, element: Element) -> bool:
        """OPNsense takes an item without the field for enabled."""
        return self.text(element, "enabled") != "0"

    def address(self, element: Element, tag: str) -> IPv4Address:
        text = self.text(element, tag)
        try:
            return IPv4Address(text)
        except ValueError:
            self.unread(element, tag, text, "an IPv4 address", "10.0.0.36")
            return _UNREAD_ADDRESS

    def optional_address(self, element: Element, tag: str) -> IPv4Address | None:
        """None where there is no text, or ``dynamic``."""
        return None if self.text(element, tag) in ("", "dynamic") else self.address(element, tag)

    def interface(self, element: Element, tag: str, length_tag: str) -> IPv4Interface:
        """An address with the prefix length that another element has."""
        text = f"{self.text(element, tag)}/{self.text(element, length_tag)}"
        try:
            return IPv4Interface(text)
        except ValueError:
            self.unread(
                element, f"{tag} and {length_tag}", text, "an address with a prefix length", "10.100.0.4 and 28"
            )
            return IPv4Interface(_UNREAD_NETWORK)

    def network(self, element: Element, tag: str) -> IPv4Network:
        return self.network_of(element, tag, self.text(element, tag))

    def network_of(self, element: Element, tag: str, text: str) -> IPv4Network:
        try:
            return IPv4Network(text)
        except ValueError:
            self.unread(element, tag, text, "an IPv4 prefix", "10.0.0.0/24")
            return _UNREAD_NETWORK

    def number(self, element: Element, tag: str) -> int | None:
        """None where there is no text."""
        text = self.text(element, tag)
        if not text:
            return None
        if text.isascii() and text.isdigit():
            return int(text)
        self.unread(element, tag, text, "a number", "10")
        return None

    def number_of(self, element: Element, tag: str, words: Mapping[str, int]) -> int:
        """What a word stands for."""
        text = self.text(element, tag)
        if text not in words:
            self.unread(element, tag, text, f"one of {', '.join(words)}", next(iter(words)))
        return words.get(text, 0)

    def unread(self, element: Element, tag: str, text: str, expected: str, example: str) -> None:
        self._problems.append(
            Problem(
                f"{element.tag}/{tag}",
                f"{text!r} is not {expected}",
                "A configuration is compared by its values",
                f"write it like {example}",
                "opnsense-value",
            )
        )
