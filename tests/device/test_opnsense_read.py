"""A ``config.xml`` read back: what is written here, and what the reference lab's author published."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.device.plans import HASH, KEY, LAB, lab
from vpner.device.opnsense import configuration, differences, read_config, render
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import DevicePlan, Interface
from vpner.problems import Problems

PUBLISHED = Path(__file__).parent / "published" / "reference-lab-config.xml"
AZURE = tuple(IPv4Network(f"10.0.{index}.0/24") for index in range(3))
RENDERED = render(lab(accepts=AZURE), pre_shared_key=KEY, root_password_hash=HASH)

addresses = st.integers(0x0A000000, 0x0AFFFFFF).map(IPv4Address)
prefixes = st.integers(0, 2**16 - 1).map(lambda number: IPv4Network((0x0A000000 | number << 8, 24)))
asns = st.integers(1, 2**32 - 2)


@st.composite
def plans(draw: st.DrawFn) -> DevicePlan:
    """Bound plans of the lab's shape with any addresses."""
    endpoint, inside, lan, *remotes = draw(st.lists(addresses, min_size=5, max_size=5, unique=True))
    profile = draw(
        st.sampled_from([CryptoProfile(), CryptoProfile(ipsec_encryption="AES256", ipsec_integrity="SHA256")])
    )
    advertises = tuple(draw(st.lists(prefixes, max_size=3, unique=True)))
    assert LAB.lan is not None
    return lab(
        name=draw(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)),
        asn=draw(asns),
        gateway_asn=draw(asns),
        endpoint=endpoint,
        inside=inside,
        expressroute=Interface("hn0", inside, inside + 1, draw(st.integers(8, 30))),
        lan=Interface("hn1", lan, lan + 1, draw(st.integers(8, 30))),
        tunnels=tuple(
            replace(tunnel, local=inside, remote=remote) for tunnel, remote in zip(LAB.tunnels, remotes, strict=True)
        ),
        crypto=profile,
        advertises=advertises,
        prepend=draw(st.integers(0, 3)),
        accepts=tuple(draw(st.lists(prefixes, max_size=3, unique=True))),
    )


@given(plans())
def test_what_is_written_is_read_back_equal(plan: DevicePlan) -> None:
    assert read_config(render(plan, pre_shared_key=KEY)) == configuration(plan)


def test_a_placeholder_is_no_key_and_nothing_else_differs() -> None:
    found = differences(read_config(render(LAB)), configuration(LAB))
    assert [str(item) for item in found] == [
        "tunnels[10.0.0.36].has_key: False against True",
        "tunnels[10.0.0.37].has_key: False against True",
    ]


# The reference lab's file, value by value, against what the lab's plan renders to. Each difference is a correction, or
# something that OPNsense has moved since.
DHCP = "the file takes Azure's DHCP; here the addresses are the plan's, so that statics have a gateway that is known"
MOVED = "ipsec has moved to the Swanctl model, whose connections have names, addresses and identities of their own"
CRYPTO = "both ends have one strong policy: no group 2, AES-GCM, and perfect forward secrecy in phase 2"
LIFETIME = "the device rekeys before Azure's lifetimes end (28,800 s, and the policy's 27,000 s)"
FILTERS = "only Azure's prefixes are accepted, and no endpoint is announced; the file has no filter"
TIMERS = "Azure's timers are written down; the file leaves FRR's, which are the same"
CORRECTIONS = {
    "name": "the appliance has its VM's name",
    "interfaces[wan].address": DHCP,
    "interfaces[wan].gateway": DHCP,
    "interfaces[lan].address": DHCP,
    "interfaces[lan].gateway": DHCP,
    "interfaces[lan].mss": "TCP's MSS is clamped, as Azure demands",
    "gateways[WAN_DHCP]": DHCP,
    "gateways[LAN_DHCP]": DHCP,
    "gateways[WAN_GW]": DHCP,
    "routes[10.0.0.36/32].gateway": DHCP,
    "routes[10.0.0.37/32].gateway": DHCP,
    "routes[10.0.0.36/31]": "a tunnel address without its /32 is discarded, not sent into the tunnel",
    "routes[10.100.0.0/24]": "without it FRR's import check withholds the prefix; the author's screenshot has it",
    **{
        f"tunnels[{remote}].{field}": reason
        for remote in ("10.0.0.36", "10.0.0.37")
        for field, reason in {
            "name": MOVED,
            "local": MOVED,
            "local_id": MOVED,
            "ike_proposals": CRYPTO,
            "esp_proposals": CRYPTO,
            "ike_seconds": LIFETIME,
            "esp_seconds": LIFETIME,
        }.items()
    },
    "bgp.router_id": "written down, so that it does not change with the interfaces",
    "bgp.networks": "in the plan's order",
    **{
        f"bgp.neighbours[{address}].{field}": reason
        for address in ("169.254.21.1", "169.254.21.2")
        for field, reason in {
            "multihop": "the peers are the ends of a VTI; Azure answers as if several hops away",
            "keepalive": TIMERS,
            "hold": TIMERS,
            "imports": FILTERS,
            "exports": FILTERS,
        }.items()
    },
}


def test_the_labs_published_file_differs_only_in_the_documented_corrections() -> None:
    published = read_config(PUBLISHED.read_text(encoding="utf-8"))
    found = differences(published, configuration(lab(accepts=AZURE)))
    assert {item.where for item in found} == CORRECTIONS.keys()


def test_the_labs_published_values_are_read() -> None:
    published = read_config(PUBLISHED.read_text(encoding="utf-8"))
    assert [(str(route.prefix), route.gateway) for route in published.routes] == [
        ("10.0.0.0/8", "LAN_GW"),
        ("10.0.0.36/32", "WAN_DHCP"),
        ("10.0.0.37/32", "WAN_DHCP"),
    ]
    first, second = published.tunnels
    assert (str(first.remote), str(second.remote)) == ("10.0.0.36", "10.0.0.37")
    assert first.ike_proposals == second.ike_proposals == ("aes256-sha256-modp1024", "aes256-sha256-modp2048")
    assert first.esp_proposals == ("aes256-sha256",)
    assert (str(first.inner_local), str(first.inner_remote)) == ("169.254.0.1", "169.254.21.1")
    assert (first.ike_seconds, first.esp_seconds, first.ike_version, first.has_key) == (28_800, 3_600, 2, True)
    assert published.bgp is not None
    assert (published.bgp.asn, published.bgp.import_check) == (65510, True)
    assert [str(prefix) for prefix in published.bgp.networks] == ["10.100.0.0/24", "10.0.0.0/8"]
    assert [(str(n.address), n.asn, n.imports) for n in published.bgp.neighbours] == [
        ("169.254.21.1", 65515, None),
        ("169.254.21.2", 65515, None),
    ]


def test_no_key_is_kept_by_the_reader() -> None:
    assert KEY in RENDERED
    assert KEY not in repr(read_config(RENDERED))
    assert "abc123" not in repr(read_config(PUBLISHED.read_text(encoding="utf-8")))


MUTATIONS = {
    "a static has another prefix": (
        "<network>10.0.0.36/31</network>",
        "<network>10.0.0.40/31</network>",
        "routes[10.0.0.36/31]",
    ),
    "a static leads elsewhere": (
        "<gateway>Null4</gateway>",
        "<gateway>LAN_GW</gateway>",
        "routes[10.0.0.36/31].gateway",
    ),
    "the ASN": ("<asnumber>65510</asnumber>", "<asnumber>65511</asnumber>", "bgp.asn"),
    "an accepted prefix": ("<network>10.0.2.0/24</network>", "<network>10.0.2.0/23</network>", ".imports"),
    "an endpoint may be announced": ("<action>deny</action>", "<action>permit</action>", ".exports"),
    "the import check": ("<networkimportcheck>1<", "<networkimportcheck>0<", "bgp.import_check"),
    "another proposal": ("aes256-sha256-modp2048", "aes256-sha256-ecp256", "tunnels[10.0.0.36].ike_proposals"),
    "IKEv1 too": ("<version>2</version>", "<version>0</version>", "tunnels[10.0.0.36].ike_version"),
    "the clamp": ("<mss>1390</mss>", "<mss>1500</mss>", "interfaces[lan].mss"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_value_that_somebody_changed_is_found(name: str) -> None:
    old, new, where = MUTATIONS[name]
    assert old in RENDERED
    found = differences(read_config(RENDERED.replace(old, new, 1)), configuration(lab(accepts=AZURE)))
    assert found
    assert any(where in item.where for item in found), [item.where for item in found]


OFF = {
    "routes": ("staticroutes/route", "disabled", "1"),
    "gateways": ("OPNsense/Gateways/gateway_item", "disabled", "1"),
    "tunnels": ("OPNsense/Swanctl/Connections/Connection", "enabled", "0"),
    "children": ("OPNsense/Swanctl/children/child", "enabled", "0"),
    "VTIs": ("OPNsense/Swanctl/VTIs/VTI", "enabled", "0"),
    "neighbours": ("OPNsense/quagga/bgp/neighbors/neighbor", "enabled", "0"),
    "BGP": ("OPNsense/quagga/bgp", "enabled", "0"),
    "the routing plugin": ("OPNsense/quagga/general", "enabled", "0"),
    "the prefix lists": ("OPNsense/quagga/bgp/prefixlists/prefixlist", "enabled", "0"),
}


@pytest.mark.parametrize("name", OFF)
def test_what_is_switched_off_counts_as_absent(name: str) -> None:
    path, tag, value = OFF[name]
    root = ET.fromstring(RENDERED)
    for item in root.findall(path):
        switch = item.find(tag)
        assert switch is not None
        switch.text = value
    found = read_config(ET.tostring(root, encoding="unicode"))
    neighbours = found.bgp.neighbours if found.bgp else ()
    absent = {
        "routes": not found.routes,
        "gateways": not found.gateways,
        **dict.fromkeys(("tunnels", "children", "VTIs"), not found.tunnels),
        "neighbours": found.bgp is not None and not neighbours,
        **dict.fromkeys(("BGP", "the routing plugin"), found.bgp is None),
        "the prefix lists": all(item.imports is None and item.exports is None for item in neighbours),
    }
    assert absent[name]


HOSTILE = {
    "no XML": "<opnsense>",
    "a document type": '<!DOCTYPE opnsense [<!ENTITY a "b">]><opnsense/>',
    "an entity bomb": '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><opnsense>&b;</opnsense>',
    "an outside entity": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><opnsense>&a;</opnsense>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_text_that_is_no_plain_xml_is_refused(name: str) -> None:
    with pytest.raises(Problems, match="cannot read mine"):
        read_config(HOSTILE[name], "mine")


def test_every_value_that_cannot_be_read_is_named_at_once() -> None:
    text = RENDERED.replace("10.0.0.36/31", "10.0.0.36/33").replace("<asnumber>65510<", "<asnumber>many<")
    text = text.replace("<tunnel_local>169.254.0.1<", "<tunnel_local>169.254.0.256<").replace(
        "<subnet>28<", "<subnet>99<"
    )
    with pytest.raises(Problems) as raised:
        read_config(text)
    assert {problem.where for problem in raised.value.problems} == {
        "route/network",
        "bgp/asnumber",
        "VTI/tunnel_local",
        "wan/ipaddr and subnet",
        "lan/ipaddr and subnet",
    }
    assert KEY not in str(raised.value)


def test_a_route_map_that_does_more_than_prepend_is_not_taken_for_one() -> None:
    text = render(lab(prepend=2), pre_shared_key=KEY)
    assert "as-path prepend 65510 65510" in text
    with pytest.raises(Problems, match="routemap/set"):
        read_config(text.replace("as-path prepend 65510 65510", "local-preference 200"))
