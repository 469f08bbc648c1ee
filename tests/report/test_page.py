"""The report in a real browser: what it shows is what the commands say of the same network, and nothing leaves it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.networks import hub_and_spokes
from tests.cli.commands import LAB, vpner
from tests.report.browser import Browser
from tests.report.networks import (
    HOSTILE,
    PREFERENCES,
    SITE,
    STAGES,
    document,
    hostile,
    told,
    turned,
    write_report,
)
from vpner.readers.write import write_topology

pytestmark = pytest.mark.browser
TUNNEL = "az-hub-to-branch-opnnva-conn"
NOTHING = 0
TO_BRANCH = ("az-spk1-vnet/subnet1", "10.100.0.96/27")


@pytest.fixture(scope="session")
def lab_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(LAB, tmp_path_factory.mktemp("reports") / "lab.html")


@pytest.fixture
def lab(browser: Browser, lab_file: Path) -> Browser:
    """The reference lab's report, opened afresh."""
    browser.open(lab_file)
    return browser


def ordered(flows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(flows, key=lambda item: sorted(item.items()))


def as_shown(flows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Flows of ``vpner flows --json`` in the words of the page, in the order of :func:`ordered`."""
    return ordered(
        {
            "verdict": item["verdict"],
            "said": item["verdict"],
            "from": item["from"],
            "to": item["to"],
            "over": ", ".join(item["underlay"]),
        }
        for item in flows
    )


def failures(page: Browser) -> list[str]:
    options = page.run("return [...document.getElementById('failed').options].map((item) => item.textContent)")
    return [text.removesuffix(" (not built)").removesuffix(" (not computed)") for text in options[1:]]


def choose(page: Browser, source: str, destination: str) -> None:
    shown = page.flows()
    index = next(i for i, item in enumerate(shown) if (item["from"], item["to"]) == (source, destination))
    page.run("document.querySelectorAll('#flow-table .flow')[arguments[0]].click()", index)


@pytest.mark.parametrize(("preference", "stage"), list(product(range(3), range(2))))
def test_every_state_shows_the_verdicts_of_flows(lab: Browser, tmp_path: Path, preference: int, stage: int) -> None:
    """Every failure with every setting: the settings are written into the file, the failure is given to the command."""
    elements = failures(lab)
    assert {f"vpn_connections/{TUNNEL}", "every VPN connection", "routers/provider-mcr"} <= set(elements)
    network = document(LAB)
    seen = 0
    for prepends in range(5):
        path = tmp_path / "turned.yaml"
        path.write_text(yaml.safe_dump(turned(network, preference, prepends, stage)), encoding="utf-8")
        for number, element in enumerate([None, *elements]):
            expected = told(path, *(("--failed", element) if element else ()))
            lab.turn((preference, prepends, stage), number)
            if expected is None:
                assert STAGES[stage] == "ordered"
                assert lab.flows() == []
                assert "this element is not built" in lab.text("#summary")
            else:
                assert ordered(lab.flows()) == as_shown(expected), (prepends, element)
                seen += 1
    assert seen >= 5 * (10 if STAGES[stage] == "ordered" else 1 + len(elements))
    assert PREFERENCES[preference] in lab.text("#summary")


def test_a_network_in_two_devices_shows_the_verdicts_of_flows_as_given_and_under_each_failure(
    browser: Browser, tmp_path: Path
) -> None:
    browser.open(write_report(SITE, tmp_path / "site.html"))
    assert ordered(browser.flows()) == as_shown(told(SITE) or [])
    for number, element in enumerate(failures(browser), 1):
        browser.turn((1, 0, 1), number)
        assert ordered(browser.flows()) == as_shown(told(SITE, "--failed", element) or []), element


def test_what_was_not_computed_is_said_and_not_guessed(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "spokes.yaml"
    path.write_text(write_topology(hub_and_spokes(50, 20)), encoding="utf-8")
    browser.open(write_report(path, tmp_path / "spokes.html"))
    assert "Not computed" in browser.text("#network .notice")
    elements = failures(browser)
    number = 1 + elements.index("vpn_connections/site")
    browser.turn((1, 0, 1), number)
    assert ordered(browser.flows()) == as_shown(told(path, "--failed", "vpn_connections/site") or [])
    browser.turn((0, 0, 1), number)
    assert browser.flows() == []
    assert browser.text("#summary").endswith("not computed")
    assert browser.text("#way-body") != ""
    assert browser.run("return document.querySelectorAll('#table option').length") == 0


@pytest.mark.parametrize(
    ("preference", "failed", "parts"),
    [
        pytest.param(
            1,
            "",
            {
                "subnet:az-spk1-vnet/subnet1",
                "peering:vnet:az-hub-vnet/vnet:az-spk1-vnet",
                "vpn-gateway:az-hub-vpngw/0",
                "vpn-gateway:az-hub-vpngw/1",
                f"tunnel:{TUNNEL}/0",
                f"tunnel:{TUNNEL}/1",
                "router:branch-opnnva",
                "subnet:branch-vnet/Trusted-Subnet",
                "subnet:branch-vnet/subnet1",
            },
            id="both tunnels",
        ),
        pytest.param(
            1,
            f"vpn_connections/{TUNNEL}/0",
            {
                "subnet:az-spk1-vnet/subnet1",
                "peering:vnet:az-hub-vnet/vnet:az-spk1-vnet",
                "vpn-gateway:az-hub-vpngw/1",
                f"tunnel:{TUNNEL}/1",
                "router:branch-opnnva",
                "subnet:branch-vnet/Trusted-Subnet",
                "subnet:branch-vnet/subnet1",
            },
            id="one tunnel",
        ),
        pytest.param(
            0,
            "",
            {
                "subnet:az-spk1-vnet/subnet1",
                "peering:vnet:az-hub-vnet/vnet:az-spk1-vnet",
                "er:azure-er-circuit-conn-az-hub",
                "edge:azure-er-circuit/primary",
                "path:azure-er-circuit/primary",
                "router:provider-mcr",
                "path:branch-er-circuit/primary",
                "edge:branch-er-circuit/primary",
                "er:branch-er-circuit-conn-branch",
                "vnet:branch-vnet",
                "subnet:branch-vnet/subnet1",
            },
            id="in clear over both circuits",
        ),
    ],
)
def test_a_chosen_flow_marks_its_way_in_the_drawing(
    lab: Browser, preference: int, failed: str, parts: set[str]
) -> None:
    lab.turn((preference, 0, 1), 1 + failures(lab).index(failed) if failed else NOTHING)
    choose(lab, *TO_BRANCH)
    found = set(lab.parts("is-way"))
    lab.press("ESCAPE")
    assert found == parts
    assert lab.parts("is-way") == []


def test_a_chosen_flow_lists_the_hops_rules_and_losing_routes_that_flows_has(lab: Browser) -> None:
    lab.turn((1, 0, 1), NOTHING)
    choose(lab, *TO_BRANCH)
    flow = next(item for item in told(LAB) or [] if (item["from"], item["to"]) == TO_BRANCH)
    body = lab.text("#way-body")
    assert flow["why"] in body
    assert lab.run("return document.querySelectorAll('#way-body .way').length") == len(flow["journeys"]) == 2
    for journey in flow["journeys"]:
        for hop in journey["hops"]:
            assert hop["name"] in body
            if hop["route"]:
                assert hop["route"]["rule"] in body
                assert all(text in body for text in hop["route"]["beaten"])
    assert any(hop["route"] and hop["route"]["beaten"] for hop in flow["journeys"][0]["hops"])
    lab.press("ESCAPE")


def test_the_drawing_says_what_failed_what_is_not_built_and_what_is_preferred(lab: Browser) -> None:
    lab.turn((1, 0, 1), 1 + failures(lab).index("routers/provider-mcr"))
    assert lab.parts("is-failed") == ["router:provider-mcr"]
    lab.turn((0, 0, 0), NOTHING)
    links = [f"tunnel:{TUNNEL}/0", f"tunnel:{TUNNEL}/1"]
    assert lab.parts("is-unbuilt") == ["er:azure-er-circuit-conn-az-hub", "er:branch-er-circuit-conn-branch", *links]
    assert "prefers ExpressRoute" in lab.text(".network [data-part='route_server:az-hub-rs']")
    lab.turn((1, 0, 1), NOTHING)
    assert lab.parts("is-failed") == lab.parts("is-unbuilt") == []
    assert "prefers VpnGateway" in lab.text(".network [data-part='route_server:az-hub-rs']")


def test_route_tables_are_those_of_routes(lab: Browser, tmp_path: Path) -> None:
    path = tmp_path / "turned.yaml"
    path.write_text(yaml.safe_dump(turned(document(LAB), 0, 0, 1)), encoding="utf-8")
    lab.turn((0, 0, 1), NOTHING)
    for kind, option, options in (
        ("effective", "az-spk1-vnet/subnet1 (az-spk1-lxvm-nic)", ("--nic", "az-spk1-lxvm-nic")),
        ("learned", "az-hub-vpngw/0", ("--table", "learned", "--node", "az-hub-vpngw/0")),
    ):
        lab.run(
            "const list = document.getElementById('table'); list.value = arguments[0];"
            "list.dispatchEvent(new Event('change'))",
            f"{kind} {option}",
        )
        rows = lab.run(
            "return [...document.querySelectorAll('#route-table tr')].map((row) => "
            "[...row.cells].map((cell) => cell.textContent))"
        )
        printed = vpner("routes", "--topology", path, *options).stdout.splitlines()
        expected = [" ".join(line.split()) for line in printed[1:] if line and not line.startswith("---")]
        assert [" ".join(" ".join(row).split()) for row in rows] == expected


def test_findings_outcome_and_handover_are_those_of_the_commands(lab: Browser) -> None:
    checked = json.loads(vpner("check", "--topology", LAB, "--failures", "single", "--json").stdout)
    assert lab.text(".outcome span") == checked["outcome"] == "as intended"
    findings = lab.text("#findings")
    assert checked["fallbacks"]
    for item in checked["fallbacks"]:
        assert item["what"] in findings
        assert item["remedy"] in findings
    assert lab.text("#handoff pre") == vpner("handoff", "--topology", LAB).stdout.removesuffix("\n")
    assert "predicted" in lab.text(".kicker")
    assert "2026-11-29 08:00 UTC" in lab.text(".made")
    assert "reference-lab.yaml" in lab.text(".made")


def test_it_works_by_keyboard_alone(lab: Browser) -> None:
    lab.tab_to("input[name='switch-0']")
    lab.press("ARROW_LEFT")
    assert "Preference ExpressRoute" in lab.text("#summary")
    assert "CLEARTEXT" in lab.text("#summary")
    lab.tab_to(".card[data-name='az-spk2-vnet']")
    lab.press("ENTER")
    assert [item["from"] for item in lab.flows()] == ["az-spk2-vnet/subnet1"]
    lab.tab_to("#flow-table .flow")
    outline = lab.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    lab.press("ENTER")
    assert "az-spk2-vnet/subnet1" in lab.text("#way-body .hops")
    assert lab.focused("#flow-table .flow")
    lab.press("ESCAPE")
    assert lab.text("#way-body .hops") == ""
    assert lab.focused("#flow-table .flow")


def test_whatever_takes_the_keyboard_has_a_name(lab: Browser) -> None:
    nameless = lab.run(
        "return [...document.querySelectorAll('[tabindex], button, select, input, summary')].filter((item) => "
        "!(item.getAttribute('aria-label') || item.textContent.trim() || item.closest('label')?.textContent.trim()))"
        ".map((item) => item.outerHTML)"
    )
    assert nameless == ['<pre tabindex="0"></pre>'] * 0


def test_nothing_leaves_the_page(browser: Browser, lab_file: Path) -> None:
    browser.open(lab_file)
    browser.turn((0, 2, 1), 3)
    choose(browser, *TO_BRANCH)
    assert set(browser.requests()) == {lab_file.as_uri()}
    refused = browser.run(
        "const done = arguments[arguments.length - 1]; const image = document.createElement('img');"
        "return new Promise((told) => { document.addEventListener('securitypolicyviolation', (event) => "
        "told(event.effectiveDirective)); image.src = 'file:///nowhere.png'; document.body.append(image); })"
    )
    assert refused == "img-src"


def test_hostile_names_are_shown_and_do_nothing(browser: Browser, tmp_path: Path) -> None:
    path = hostile(tmp_path)
    browser.open(write_report(path, tmp_path / "hostile.html"))
    assert browser.messages() == []
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert ordered(browser.flows()) == as_shown(told(path) or [])
    source = f"az-spk1-vnet{HOSTILE}/subnet1"
    choose(browser, source, "10.100.0.96/27")
    assert source in browser.text("#way-body")
    assert f"peering:vnet:az-hub-vnet{HOSTILE}/vnet:az-spk1-vnet{HOSTILE}" in browser.parts("is-way")
    assert browser.messages() == []
    assert browser.run("return document.querySelectorAll('img').length") == 0
