"""The benchmark measures what it says: the exponent, and networks whose tunnels carry their traffic."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from bench.growth import exponent
from bench.networks import hub_and_spokes
from vpner.routing import solve


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_exponent_of_a_power_law_is_found(power: float) -> None:
    assert exponent([(size, 3 * size**power) for size in (10, 100, 1000)]) == pytest.approx(power)


def test_synthetic_network_sends_its_prefixes_through_live_tunnels() -> None:
    tables = solve(hub_and_spokes(3, 20)).tables
    assert not tables.dead_tunnels
    rows = {str(row.prefix): row for row in tables.effective["spoke0002", "vm"]}
    site = [row for prefix, row in rows.items() if prefix.startswith("172.16.")]
    assert len([row for row in site if row.prefix.prefixlen == 24]) == 20
    tunnels = (IPv4Address("10.0.0.46"), IPv4Address("10.0.0.47"))
    assert {row.next_hops for row in site if row.prefix.prefixlen == 24} == {tunnels}
    assert rows["192.168.255.4/32"].next_hops == (IPv4Address("192.0.2.1"),)
