"""The one input grammar, and bad input: exit code 3 and a message with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import LAB, vpner

COMMANDS = [["check"], ["routes"], ["flows"], ["why", "10.0.1.4", "10.100.0.100"], ["topology"]]

NETWORK = """
vnets:
  hub:
    prefixes: [10.0.0.0/24]
    subnets: {vm: {prefix: 10.0.0.0/27}, GatewaySubnet: {prefix: 10.0.0.32/27}}
"""

MISTAKES = {
    "unknown reference": ("nics: {n: {vnet: hubb, subnet: vm, ip: 10.0.0.4}}", "nics.n.vnet", "write hub"),
    "overlapping subnets": (
        "vnets: {hub: {prefixes: [10.0.0.0/24], subnets: {a: {prefix: 10.0.0.0/26}, b: {prefix: 10.0.0.32/27}}}}",
        "vnets.hub.subnets",
        "10.0.0.32/27",
    ),
    "malformed prefix": ("vnets: {hub: {prefixes: [10.0.0.1/24]}}", "vnets.hub.prefixes[0]", "write 10.0.0.0/24"),
    "IPv6 where it is not modelled": (
        "intent: [{from: ['2001:db8::/64'], to: [10.0.0.0/24], mode: required}]",
        "intent[0].from[0]",
        "IPv6 is modelled in VNets",
    ),
    "unknown key": ("vnetz: {}", "vnetz", "write vnets"),
    "wrong type": ("nics: [1]", "nics", "is not allowed here"),
    "not YAML": ("vnets: {", "line", "not YAML"),
}


@pytest.mark.parametrize("what", MISTAKES)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_mistake_in_the_network_ends_with_3_and_names_its_place(command: list[str], what: str) -> None:
    text, where, remedy = MISTAKES[what]
    network = text if text.startswith("vnets:") else NETWORK + text
    result = vpner(*command, "--topology", "-", stdin=network)
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    assert where in result.stderr
    assert remedy in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_exactly_one_input_is_asked_for(command: list[str]) -> None:
    neither = vpner(*command)
    both = vpner(*command, "--topology", LAB, "--stack", "dev")
    assert (neither.exit_code, both.exit_code) == (3, 3)
    assert "none of --topology, --stack and --arm is given" in neither.stderr
    assert "--topology and --stack are given" in both.stderr


def test_all_mistakes_are_reported_at_once() -> None:
    text = NETWORK + "nics: {n: {vnet: hubb, subnet: vm}}\nroute_tables: {t: {routes: [{prefix: 10.0.0.1/8}]}}\n"
    result = vpner("topology", "--topology", "-", stdin=text.replace("{prefix: 10.0.0.1/8}", UDR))
    assert "2 problems" in result.stderr


UDR = "{prefix: 10.0.0.1/8, next_hop_type: Internet}"


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe")
    for path, what in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory"), (binary, "UTF-8")):
        result = vpner("topology", "--topology", path)
        assert result.exit_code == 3
        assert str(path) in result.stderr
        assert what in result.stderr


USAGE = {
    "unknown command": ["chekc"],
    "unknown option": ["check", "--topologie", "x"],
    "missing argument": ["why", "10.0.1.4"],
    "bad choice": ["routes", "--table", "rib"],
    "missing folder": ["replay", "/no/such/folder"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE.keys())
def test_wrong_arguments_are_bad_input_and_not_inconclusive(arguments: list[str]) -> None:
    result = vpner(*arguments)
    assert result.exit_code == 3
    assert result.stderr


@pytest.mark.parametrize("command", ["check", "routes", "flows", "why", "topology", "replay"])
def test_help_says_what_the_command_does_with_an_example(command: str) -> None:
    result = vpner(command, "--help")
    assert result.exit_code == 0
    assert f"vpner {command}" in result.stdout.partition("Options")[0].replace("Usage: vpner", "")
    assert "--json" in result.stdout
