"""What traffic the tunnels are there to protect: checks of its description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import cast

from vpner.plan.addressing import parse_all
from vpner.plan.skus import unknown_choice
from vpner.problems import Problem

MODES = ("required", "preferred")
PROTOCOLS = ("tcp", "udp", "icmp")


def intent_problems(intents: Sequence[Mapping[str, object]]) -> Iterator[Problem]:
    """What is wrong with the intents, in the topology format's words; ``where`` starts with the index, ``[0]``."""
    for index, intent in enumerate(intents):
        for problem in _one(intent):
            yield problem.at(f"[{index}]")


def _one(intent: Mapping[str, object]) -> Iterator[Problem]:
    for key in ("from", "to"):
        prefixes = cast("Sequence[str]", intent.get(key) or ())
        if not prefixes:
            yield Problem(
                key,
                "there is no prefix",
                "An intent protects the traffic between two lists of prefixes",
                "list the prefixes, for example [10.0.0.0/24]",
                "intent-empty",
            )
        yield from parse_all(key, prefixes)[1]
    mode = str(intent.get("mode"))
    if mode not in MODES:
        yield unknown_choice("mode", "mode", mode, MODES)
    if mode == "preferred" and not intent.get("reason"):
        yield Problem(
            "reason",
            "mode preferred has no reason",
            "preferred allows this traffic to travel in clear when every tunnel is down; whoever reads the "
            "configuration must learn why that is acceptable",
            "write the reason, or mode: required",
            "intent-without-reason",
        )
    for index, exempt in enumerate(cast("Sequence[Mapping[str, object]]", intent.get("exempt") or ())):
        for problem in _exempt(exempt):
            yield problem.at(f"exempt[{index}]")


def _exempt(exempt: Mapping[str, object]) -> Iterator[Problem]:
    for key in ("from", "to"):
        yield from parse_all(key, cast("Sequence[str]", exempt.get(key) or ()))[1]
    protocol, port = exempt.get("protocol"), exempt.get("port")
    if protocol is not None and protocol not in PROTOCOLS:
        yield unknown_choice("protocol", "protocol", str(protocol), PROTOCOLS)
    if port is not None and not (isinstance(port, int) and 1 <= port <= 65535 and protocol in ("tcp", "udp")):
        yield Problem(
            "port",
            f"port {port} with protocol {protocol or '(any)'}",
            "A port is a number from 1 to 65535, and only tcp and udp have ports",
            "write the protocol, tcp or udp, beside a port from 1 to 65535",
            "intent-port",
        )
    if not str(exempt.get("reason") or "").strip():
        yield Problem(
            "reason",
            "the exception has no reason",
            "Traffic that travels in clear on purpose must say why",
            "write the reason",
            "intent-without-reason",
        )
    try:
        date.fromisoformat(str(exempt.get("expires")))
    except ValueError:
        yield Problem(
            "expires",
            f"{exempt.get('expires')!r} is not a date",
            "An exception ends on a date, so that somebody looks at it again",
            "write it like 2027-06-30",
            "intent-expiry-malformed",
        )
