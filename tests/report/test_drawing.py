"""The drawing alone: well-formed, without an overlap, and the same for the same network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.networks import hub_and_spokes
from tests.cli.commands import LAB, ROOT, vpner
from tests.emulation.networks import networks
from tests.report.networks import HOSTILE, NOW, SITE, hostile
from tests.routing.networks import CASES, LATER
from tests.support.golden import assert_golden
from vpner.drawing import Box, LinkKind, Placed, draw, failed_parts, place
from vpner.readers.case import read_case
from vpner.routing import failable
from vpner.topology import Intent, IPv4Network, Mode, Topology

GOLDEN = Path(__file__).parent / "golden"
SVG = "{http://www.w3.org/2000/svg}"


def read(path: Path) -> Topology:
    return read_case(path.read_text(encoding="utf-8"), path.name).topology


def overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


def assert_placed(topology: Topology) -> Placed:
    """Nothing overlaps, nothing is outside, rows are in their cards, every VNet, circuit and router is somewhere."""
    drawing = draw(topology)
    placed = place(topology, drawing)
    cards = [placed.boxes[card.key] for card in drawing.cards]
    assert not any(overlap(a, b) for a, b in combinations(cards, 2))
    assert all(box.x >= 0 and box.y >= 0 for box in cards)
    assert all(box.x + box.width <= placed.width and box.y + box.height <= placed.height for box in cards)
    for card in drawing.cards:
        outer, rows = placed.boxes[card.key], [placed.boxes[row.key] for row in card.rows]
        assert not any(overlap(a, b) for a, b in combinations(rows, 2))
        assert all(outer.y < box.y and box.y + box.height <= outer.y + outer.height for box in rows)
    members = [member for card in drawing.cards for member in card.members]
    inside = [router.name for router in topology.routers if router.nics]
    named = (*topology.vnets, *topology.circuits, *topology.routers)
    assert sorted([*members, *inside]) == sorted(item.name for item in named)
    assert_lines(placed)
    return placed


def assert_lines(placed: Placed) -> None:
    """Every line begins and ends at the edge of the row or card that it is to join, and stays in the drawing."""
    assert {route.link.key for route in placed.routes} == {link.key for link in placed.drawing.links}
    for route in placed.routes:
        numbers = [float(text) for text in re.findall(r"-?\d+(?:\.\d+)?", route.path)]
        assert all(0 <= number <= max(placed.width, placed.height) for number in numbers)
        found = re.match(r"M (\S+) (\S+) ", route.path)
        assert found is not None
        boxes = [placed.boxes[end] for end in (route.link.a, route.link.b)]
        start = float(found[1]), float(found[2])
        assert any(abs(box.x + box.width - start[0]) < 0.1 and box.y <= start[1] <= box.y + box.height for box in boxes)
        end_x = numbers[-1] if " H " in route.path else numbers[-2]
        assert any(abs(end_x - edge) < 0.1 for box in boxes for edge in (box.x, box.x + box.width))


@settings(max_examples=100)
@given(networks(), st.lists(st.sampled_from(["10.0.0.0/8", "10.100.0.0/16"]), max_size=2))
def test_cards_never_overlap_and_links_end_at_their_rows(network: Topology, sources: list[str]) -> None:
    wanted = tuple(Intent((IPv4Network(text),), (IPv4Network("10.9.0.0/24"),), Mode.PREFERRED) for text in sources)
    assert_placed(replace(network, intent=wanted))


@pytest.mark.parametrize("path", [*CASES, *LATER, LAB, SITE], ids=lambda path: path.stem)
def test_published_networks_are_drawn(path: Path) -> None:
    assert_placed(read(path))


def test_azure_stands_left_of_the_circuits_the_provider_and_the_site() -> None:
    placed = assert_placed(read(LAB))
    way = ["vnet:az-spk1-vnet", "vnet:az-hub-vnet", "circuit:azure-er-circuit", "router:provider-mcr"]
    way += ["circuit:branch-er-circuit", "vnet:branch-vnet"]
    places = [placed.boxes[key].x for key in way]
    assert places == sorted(set(places))


def test_many_spokes_that_are_alike_make_one_card_with_their_number() -> None:
    network = hub_and_spokes(200, 3)
    drawing = draw(network)
    card = next(card for card in drawing.cards if len(card.members) > 1)
    assert card.title == "200 VNets alike"
    assert list(card.members) == sorted(vnet.name for vnet in network.vnets if vnet.name.startswith("spoke"))
    assert drawing.parts["subnet:spoke0123/vm"] == card.rows[0].key
    assert [link.kind for link in drawing.links].count(LinkKind.PEERING) == 1
    placed = assert_placed(network)
    assert placed.width < 1300


@pytest.mark.parametrize("change", ["route table", "peering", "another subnet"])
def test_a_spoke_that_differs_has_a_card_of_its_own(change: str) -> None:
    network = hub_and_spokes(6, 3)
    if change == "peering":
        changed = replace(
            network,
            peerings=tuple(
                replace(item, use_remote_gateways=False) if item.vnet == "spoke0002" else item
                for item in network.peerings
            ),
        )
    else:
        subnet = {"route_table": "udr"} if change == "route table" else {"name": "other"}
        changed = replace(
            network,
            vnets=tuple(
                replace(vnet, subnets=(replace(vnet.subnets[0], **subnet),)) if vnet.name == "spoke0002" else vnet
                for vnet in network.vnets
            ),
        )
    cards = {card.members for card in draw(changed).cards}
    assert ("spoke0002",) in cards
    assert ("spoke0000", "spoke0001", "spoke0003", "spoke0004", "spoke0005") in cards


@pytest.mark.parametrize("path", [*CASES, LAB, SITE], ids=lambda path: path.stem)
def test_every_failure_is_seen_in_the_drawing(path: Path) -> None:
    """But for what the drawing leaves out: sessions inside a card, and paths that nobody built."""
    network = read(path)
    drawing = draw(network)
    known = {*drawing.card_of, *(link.key for link in drawing.links)}
    for element in failable(network):
        parts = failed_parts(drawing, element)
        assert set(parts) <= known
        if not element.startswith(("bgp_sessions/", "circuits/")):
            assert parts, element


def test_the_svg_is_well_formed_and_names_everything(tmp_path: Path) -> None:
    for path, names in (
        (LAB, ["az-hub-vnet", "az-hub-rs", "provider-mcr", "branch-opnnva", "azure-er-circuit"]),
        (hostile(tmp_path), [f"az-hub-vnet{HOSTILE}", f"provider-mcr{HOSTILE}"]),
    ):
        output = tmp_path / "drawing.svg"
        result = vpner("report", "--topology", path, "-o", output)
        assert result.exit_code == 0, result.output
        root = fromstring(output.read_text(encoding="utf-8"))
        assert root.tag == f"{SVG}svg"
        titles = " ".join(item.text or "" for item in root.iter(f"{SVG}title"))
        assert all(name in titles for name in names)
        assert {item.tag for item in root.iter()} <= {
            f"{SVG}{tag}" for tag in ("svg", "title", "style", "rect", "g", "path", "text")
        }
        style = next(root.iter(f"{SVG}style")).text or ""
        assert "prefers-color-scheme: dark" in style


def test_the_mermaid_of_the_lab(tmp_path: Path) -> None:
    result = vpner("report", "--topology", LAB, "-o", tmp_path / "lab.mmd")
    assert result.exit_code == 0, result.output
    assert_golden(GOLDEN / "reference-lab.mmd", (tmp_path / "lab.mmd").read_text(encoding="utf-8"))


def test_hostile_names_end_no_label_of_mermaid(tmp_path: Path) -> None:
    vpner("report", "--topology", hostile(tmp_path), "-o", tmp_path / "hostile.mmd")
    vpner("report", "--topology", LAB, "-o", tmp_path / "lab.mmd")

    def shape(name: str) -> list[str]:
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        return [re.sub(r'"[^"]*"', '""', line) for line in lines]

    assert shape("hostile.mmd") == shape("lab.mmd")
    assert "<img" not in (tmp_path / "hostile.mmd").read_text(encoding="utf-8")


_WRITE = """
import sys
from typer.testing import CliRunner
from vpner.cli import app
topology, folder, now = sys.argv[1:]
for suffix in ("html", "svg", "mmd"):
    arguments = ["report", "--topology", topology, "-o", f"{folder}/report.{suffix}", "--now", now]
    assert CliRunner().invoke(app, arguments).exit_code == 0
"""


def test_the_same_network_at_the_same_time_gives_the_same_bytes(tmp_path: Path) -> None:
    """In two processes whose sets have another order."""
    written: list[dict[str, bytes]] = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        command = [sys.executable, "-c", _WRITE, str(ROOT / "examples" / "only-the-endpoint.yaml"), str(folder), NOW]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        written.append({file.suffix: file.read_bytes() for file in folder.iterdir()})
    assert set(written[0]) == {".html", ".svg", ".mmd"}
    assert written[0] == written[1]
