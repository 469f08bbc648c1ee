"""What both writers of OPNsense's XML use."""

from __future__ import annotations

import re
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree.ElementTree import Element, SubElement

from vpner.device.opnsense.model import OpnsenseConfig


def number(value: int | None) -> str:
    return "" if value is None else str(value)


def leaves(parent: Element, values: dict[str, str]) -> None:
    for tag, text in values.items():
        if _NOT_XML.search(text):
            raise ValueError(f"<{tag}> would hold a control character, which XML cannot")
        SubElement(parent, tag).text = text


def uuid_of(config: OpnsenseConfig, path: str) -> str:
    """The same for the same configuration, so that an unchanged one is written as unchanged text."""
    return str(uuid5(_NAMESPACE, f"{config.name}/{path}"))


_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters that an XML 1.0 document cannot hold, escaped or not."""
_NAMESPACE: UUID = uuid5(NAMESPACE_URL, "vpner:device:opnsense")
