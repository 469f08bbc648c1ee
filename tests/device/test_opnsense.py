"""OPNsense's configuration, parsed back and compared with the plan.

Names of elements, options and rules are those of the models at tag 26.1 of github.com/opnsense/core
(models/OPNsense/IPsec/Swanctl.xml, IPsec.xml, Routes/Route.xml, Routing/Gateways.xml) and of
github.com/opnsense/plugins (net/frr, Quagga/BGP.xml and General.xml).
"""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from itertools import product
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.device.plans import GATEWAY, HASH, KEY, LAB, TUNNEL_ADDRESSES, UNBOUND, lab, rendered, values
from vpner.device.common import Unbound
from vpner.device.opnsense import RELEASE, render
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import DevicePlan, StaticRoute
from vpner.topology import Symbol

# XML 1.0 has no characters for these (section 2.2), whatever escapes them.
xml_text = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40)
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=128)
"""What Azure takes as a shared key: printable ASCII, at most 128 characters."""
SWANCTL = "OPNsense/Swanctl"
BGP = "OPNsense/quagga/bgp"


def items(root: Element, path: str) -> list[dict[str, str]]:
    return [values(item) for item in root.findall(path)]


def uuids(root: Element, path: str) -> list[str]:
    return [item.attrib["uuid"] for item in root.findall(path)]


def test_the_statics_are_the_plans() -> None:
    root = rendered(LAB)
    roles = {"hn0": "WAN_GW", "hn1": "LAN_GW"}
    found = [(item["network"], item["gateway"], item["disabled"]) for item in items(root, "staticroutes/route")]
    assert found[: len(LAB.statics)] == [
        (str(IPv4Network(static.destination)), roles[static.interface], "0")
        for static in LAB.statics
        if not isinstance(static.destination, Symbol)
    ]
    # The lab's own routes.
    assert [item["network"] for item in items(root, "staticroutes/route")] == [
        "10.0.0.36/32",
        "10.0.0.37/32",
        "10.0.0.0/8",
        "10.100.0.0/24",
        "10.0.0.36/31",
    ]


@given(st.sets(st.integers(0, 31), min_size=2, max_size=2))
def test_without_its_host_route_a_tunnel_address_is_discarded_before_the_tunnels_prefix(hosts: set[int]) -> None:
    first, second = (GATEWAY.gateway_subnet[host] for host in hosts)
    plan = UNBOUND.bind(dict(zip(GATEWAY.tunnel_addresses, (first, second), strict=True)))
    routes = {IPv4Network(i["network"]): i["gateway"] for i in items(rendered(plan), "staticroutes/route")}
    through_tunnel = IPv4Network("10.0.0.0/24")  # the hub's prefix, which BGP brings
    for lost in (set[IPv4Network](), {IPv4Network(first)}, {IPv4Network(second)}, {*map(IPv4Network, (first, second))}):
        left = {prefix: gateway for prefix, gateway in routes.items() if prefix not in lost} | {
            through_tunnel: "ipsec1"
        }
        for address in (first, second):
            longest = max((prefix for prefix in left if address in prefix), key=lambda prefix: prefix.prefixlen)
            # core 26.1, etc/inc/system.inc: a route to Null4 is added with -blackhole.
            assert left[longest] == ("Null4" if IPv4Network(address) in lost else "WAN_GW")


def test_every_static_uses_a_gateway_that_is_defined() -> None:
    root = rendered(LAB)
    gateways = {item["name"]: item for item in items(root, "OPNsense/Gateways/gateway_item")}
    built_in = {"Null4"}  # core 26.1: Routing/Gateways.php, getGateways
    assert {item["gateway"] for item in items(root, "staticroutes/route")} <= gateways.keys() | built_in
    assert (gateways["WAN_GW"]["gateway"], gateways["WAN_GW"]["interface"]) == ("10.100.0.1", "wan")
    assert (gateways["LAN_GW"]["gateway"], gateways["LAN_GW"]["interface"]) == ("10.100.0.17", "lan")
    assert [name for name, item in gateways.items() if item["defaultgw"] == "1"] == ["WAN_GW"]
    assert all(item["disabled"] == "0" for item in gateways.values())


def test_the_interfaces_have_the_plans_addresses() -> None:
    root = rendered(LAB)
    wan, lan = root.find("interfaces/wan"), root.find("interfaces/lan")
    assert wan is not None
    assert lan is not None
    for element, interface, gateway in ((wan, LAB.expressroute, "WAN_GW"), (lan, LAB.lan, "LAN_GW")):
        assert interface is not None
        found = values(element)
        assert (found["if"], found["ipaddr"], found["subnet"]) == (interface.name, str(interface.address), "28")
        assert (found["enable"], found["gateway"]) == ("1", gateway)


def test_each_tunnel_has_one_connection_with_both_identities_and_one_child() -> None:
    root = rendered(LAB)
    connections = root.findall(f"{SWANCTL}/Connections/Connection")
    assert [(values(c)["local_addrs"], values(c)["remote_addrs"]) for c in connections] == [
        (str(tunnel.local), str(tunnel.remote)) for tunnel in LAB.tunnels
    ]
    for index, connection in enumerate(connections):
        uuid, found = connection.attrib["uuid"], values(connection)
        assert (found["enabled"], found["version"]) == ("1", "2")  # IKEv2 only
        assert found["proposals"] == LAB.crypto.ike_proposal
        assert found["description"]  # required
        for path, identity in (("locals/local", "10.100.0.4"), ("remotes/remote", str(TUNNEL_ADDRESSES[index]))):
            (side,) = [item for item in items(root, f"{SWANCTL}/{path}") if item["connection"] == uuid]
            assert (side["enabled"], side["auth"], side["id"]) == ("1", "psk", identity)
        (child,) = [item for item in items(root, f"{SWANCTL}/children/child") if item["connection"] == uuid]
        assert child["enabled"] == "1"
        assert child["esp_proposals"] == LAB.crypto.esp_proposal
        assert (child["mode"], child["policies"], child["start_action"]) == ("tunnel", "0", "start")
        assert (child["local_ts"], child["remote_ts"]) == ("0.0.0.0/0", "0.0.0.0/0")


def test_each_tunnel_has_one_vti_with_the_reqid_of_its_child() -> None:
    root = rendered(LAB)
    vtis = items(root, f"{SWANCTL}/VTIs/VTI")
    assert [(v["local"], v["remote"], v["tunnel_local"], v["tunnel_remote"]) for v in vtis] == [
        (str(t.local), str(t.remote), str(t.inner_local), str(t.inner_remote)) for t in LAB.tunnels
    ]
    connections = dict(zip(uuids(root, f"{SWANCTL}/Connections/Connection"), LAB.tunnels, strict=True))
    children = {item["reqid"]: connections[item["connection"]] for item in items(root, f"{SWANCTL}/children/child")}
    assert len(children) == 2  # distinct: they name the interfaces ipsec1, ipsec2
    for vti in vtis:
        assert vti["enabled"] == "1"
        assert vti["remote"] == str(children[vti["reqid"]].remote)
        assert 1 <= int(vti["reqid"]) <= 65535


def test_behind_a_nat_the_device_uses_its_inside_address_and_the_identity_that_azure_sees() -> None:
    inside = IPv4Address("192.168.1.4")
    plan = lab(inside=inside, tunnels=tuple(replace(tunnel, local=inside) for tunnel in LAB.tunnels))
    root = rendered(plan)
    assert {item["local_addrs"] for item in items(root, f"{SWANCTL}/Connections/Connection")} == {"192.168.1.4"}
    assert {item["local"] for item in items(root, f"{SWANCTL}/VTIs/VTI")} == {"192.168.1.4"}
    assert {item["id"] for item in items(root, f"{SWANCTL}/locals/local")} == {"10.100.0.4"}
    assert {item["ident"] for item in items(root, "OPNsense/IPsec/preSharedKeys/preSharedKey")} == {"10.100.0.4"}


def test_each_tunnel_has_its_pre_shared_key_under_a_pair_of_identities_of_its_own() -> None:
    keys = items(rendered(LAB), "OPNsense/IPsec/preSharedKeys/preSharedKey")
    assert [(key["ident"], key["remote_ident"], key["keyType"], key["Key"]) for key in keys] == [
        ("10.100.0.4", str(address), "PSK", KEY) for address in TUNNEL_ADDRESSES
    ]


def test_ipsec_is_enabled_where_opnsense_looks() -> None:
    # core 26.1: models/OPNsense/IPsec/IPsec.xml (Source ipsec.enable), etc/inc/plugins.inc.d/ipsec.inc
    enable = rendered(LAB).find("ipsec/enable")
    assert enable is not None
    assert enable.text == "1"


def test_nothing_is_written_to_the_legacy_sections_phases() -> None:
    # From 25.7 they are ignored without a plugin.
    root = rendered(LAB)
    assert root.findall("ipsec/phase1") == []
    assert root.findall("ipsec/phase2") == []


def test_bgp_and_the_routing_service_are_both_enabled() -> None:
    root = rendered(LAB)
    assert root.findtext("OPNsense/quagga/general/enabled") == "1"
    assert root.findtext(f"{BGP}/enabled") == "1"


def test_the_neighbours_and_networks_are_the_plans() -> None:
    root = rendered(LAB)
    assert root.findtext(f"{BGP}/asnumber") == "65510"
    assert root.findtext(f"{BGP}/networks") == "10.0.0.0/8,10.100.0.0/24"
    neighbours = items(root, f"{BGP}/neighbors/neighbor")
    assert [(item["enabled"], item["address"], item["remoteas"]) for item in neighbours] == [
        ("1", "169.254.21.1", "65515"),
        ("1", "169.254.21.2", "65515"),
    ]
    # Azure VPN Gateway FAQ: keepalive 60 s, hold 180 s.
    assert {(item["keepalive"], item["holddown"]) for item in neighbours} == {("60", "180")}
    assert {item["linkedRoutemapOut"] for item in neighbours} == {""}
    assert root.findall(f"{BGP}/routemaps/routemap") == []


def test_every_announced_network_has_a_route_to_be_announced_from() -> None:
    # networkimportcheck 1: FRR announces a network only if exactly this prefix is in the routing table.
    root = rendered(LAB)
    assert root.findtext(f"{BGP}/networkimportcheck") == "1"
    announced = (root.findtext(f"{BGP}/networks") or "").split(",")
    assert set(announced) <= {item["network"] for item in items(root, "staticroutes/route")}


@pytest.mark.parametrize("count", [1, 3, 10])
def test_the_prepending_route_map_is_linked_to_both_neighbours(count: int) -> None:
    root = rendered(lab(prepend=count))
    (route_map,) = root.findall(f"{BGP}/routemaps/routemap")
    found = values(route_map)
    assert (found["enabled"], found["action"], found["id"]) == ("1", "permit", "10")
    assert found["set"] == "as-path prepend" + " 65510" * count
    assert re.fullmatch("[a-zA-Z0-9._-]{1,64}", found["name"])
    links = [item["linkedRoutemapOut"] for item in items(root, f"{BGP}/neighbors/neighbor")]
    assert links == [route_map.attrib["uuid"]] * 2


def test_the_options_are_ones_that_the_models_have() -> None:
    root = rendered(lab(prepend=1))
    options = {
        f"{SWANCTL}/Connections/Connection/unique": {"no", "never", "keep", "replace"},
        f"{SWANCTL}/Connections/Connection/version": {"0", "1", "2"},
        f"{SWANCTL}/children/child/start_action": {"none", "trap|start", "route", "start", "trap"},
        f"{SWANCTL}/children/child/close_action": {"none", "trap", "start"},
        f"{SWANCTL}/children/child/dpd_action": {"clear", "trap", "start"},
        "OPNsense/quagga/general/profile": {"traditional", "datacenter"},
        "OPNsense/Gateways/gateway_item/ipprotocol": {"inet", "inet6"},
    }
    for path, allowed in options.items():
        found = [element.text for element in root.findall(path)]
        assert found
        assert set(found) <= allowed


def accepted_profiles() -> list[CryptoProfile]:
    profiles = [
        CryptoProfile(ike, integrity, dh, esp, esp if esp.startswith("GCM") else "SHA256", pfs)
        for ike, integrity, dh, esp, pfs in product(
            ("AES128", "AES192", "AES256"),
            ("SHA256", "SHA384"),
            ("DHGroup14", "ECP256", "ECP384"),
            ("AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256"),
            ("PFS2048", "ECP256", "ECP384"),
        )
    ]
    assert all(not list(profile.problems()) for profile in profiles)
    return profiles


def test_every_accepted_profile_has_proposals_that_opnsense_offers() -> None:
    # core 26.1: FieldTypes/IPsecProposalField.php makes the list of cipher, hash and group; GCM has no hash in phase 2.
    groups = ("modp2048", "modp3072", "modp4096", "ecp256", "ecp384", "ecp521")
    plain, gcm = ("aes128", "aes192", "aes256"), ("aes128gcm16", "aes192gcm16", "aes256gcm16")
    hashed = {"-".join(parts) for parts in product(plain, ("sha256", "sha384", "sha512"), groups)}
    phase_2 = hashed | {"-".join(parts) for parts in product(gcm, groups)}
    for profile in accepted_profiles():
        assert profile.ike_proposal in hashed
        assert profile.esp_proposal in phase_2


@pytest.mark.parametrize("seconds", [300, 27_000, 102_000])
def test_the_device_rekeys_before_azures_lifetimes_end(seconds: int) -> None:
    root = rendered(lab(crypto=CryptoProfile(sa_life_time_seconds=seconds)))
    # VPN Gateway FAQ: the main-mode lifetime is fixed at 28800 s.
    assert {int(item["rekey_time"]) < 28_800 for item in items(root, f"{SWANCTL}/Connections/Connection")} == {True}
    for child in items(root, f"{SWANCTL}/children/child"):
        assert 0 < int(child["rekey_time"]) < seconds


def test_the_firewall_lets_ike_and_the_tunnels_traffic_through() -> None:
    root = rendered(LAB, management=("203.0.113.0/24",))
    passed = {
        (rule.findtext("interface"), rule.findtext("protocol"), rule.findtext("destination/port"))
        for rule in root.findall("filter/rule")
        if rule.findtext("type") == "pass"
    }
    assert passed == {
        ("wan", "udp", "500"),
        ("wan", "udp", "4500"),
        ("wan", "esp", None),
        ("wan", "tcp", "443"),
        ("lan", None, None),
        ("enc0", None, None),
    }
    assert root.findtext("interfaces/enc0/if") == "enc0"


@pytest.mark.parametrize("management", [(), ("203.0.113.0/24", "198.51.100.7/32")])
def test_the_web_interface_is_open_to_the_management_prefixes_only(management: tuple[str, ...]) -> None:
    rules = rendered(LAB, management=management).findall("filter/rule")
    web = [rule for rule in rules if rule.findtext("destination/port") == "443"]
    assert [rule.findtext("source/address") for rule in web] == list(management)
    wan = [rule for rule in rules if rule.findtext("interface") == "wan" and rule not in web]
    assert {rule.findtext("destination/network") for rule in wan} == {"wanip"}
    assert {rule.findtext("destination/port") for rule in wan} == {"500", "4500", None}


@given(xml_text, printable)
def test_hostile_names_and_keys_arrive_as_they_are(name: str, key: str) -> None:
    tunnels = tuple(replace(tunnel, name=f"{name}{index}") for index, tunnel in enumerate(LAB.tunnels))
    root = rendered(lab(name=name, tunnels=tunnels), key)
    assert (root.findtext("system/hostname") or "") == name
    assert [item["Key"] for item in items(root, "OPNsense/IPsec/preSharedKeys/preSharedKey")] == [key, key]
    descriptions = [item["description"] for item in items(root, f"{SWANCTL}/Connections/Connection")]
    assert descriptions == [f"{name}0", f"{name}1"]
    assert [child.tag for child in root] == [child.tag for child in rendered(LAB)]


@pytest.mark.parametrize("text", ["bell\a", "null\0", "\ufffe"])
def test_a_key_that_xml_cannot_hold_is_refused_instead_of_breaking_the_file(text: str) -> None:
    with pytest.raises(ValueError, match="character"):
        render(LAB, pre_shared_key=text, root_password_hash=HASH)


def test_every_uuid_is_one_and_unique() -> None:
    root = rendered(lab(prepend=2))
    found = [element.attrib["uuid"] for element in root.iter() if "uuid" in element.attrib]
    assert len(found) == len(set(found))
    assert all(re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid) for uuid in found)


def test_an_unchanged_plan_renders_to_unchanged_text() -> None:
    def text(plan: DevicePlan, key: str = KEY) -> str:
        return render(plan, pre_shared_key=key, root_password_hash=HASH)

    again = UNBOUND.bind(dict(zip(GATEWAY.tunnel_addresses, TUNNEL_ADDRESSES, strict=True)))
    assert text(again) == text(LAB)
    # Another key changes the keys and nothing else.
    assert text(LAB, "other").replace("<Key>other</Key>", f"<Key>{KEY}</Key>") == text(LAB)


def test_secrets_stand_where_they_are_needed_and_nowhere_else() -> None:
    text = render(LAB, pre_shared_key=KEY, root_password_hash=HASH)
    assert text.count(KEY) == 2
    assert text.count(HASH) == 1


@pytest.mark.parametrize("bound", [(), (0,), (1,)])
def test_a_plan_with_a_symbol_left_is_not_rendered(bound: tuple[int, ...]) -> None:
    plan = UNBOUND.bind({GATEWAY.tunnel_addresses[index]: TUNNEL_ADDRESSES[index] for index in bound})
    left = next(str(symbol) for index, symbol in enumerate(GATEWAY.tunnel_addresses) if index not in bound)
    with pytest.raises(Unbound, match=re.escape(left)) as raised:
        render(plan, pre_shared_key=KEY, root_password_hash=HASH)
    assert KEY not in str(raised.value)
    assert HASH not in str(raised.value)


@pytest.mark.parametrize("bound", [{"statics": LAB.statics}, {"tunnels": LAB.tunnels}])
def test_a_symbol_in_tunnels_or_statics_alone_is_noticed_too(bound: dict[str, Any]) -> None:
    with pytest.raises(Unbound, match=re.escape("az-hub-vpngw.instances[0].tunnel")):
        render(replace(UNBOUND, **bound), pre_shared_key=KEY, root_password_hash=HASH)


def test_without_a_key_a_placeholder_stands_in_its_place_and_there_are_no_users() -> None:
    root = ET.fromstring(render(LAB))
    keys = items(root, "OPNsense/IPsec/preSharedKeys/preSharedKey")
    assert [key["Key"] for key in keys] == ["PUT-THE-PRE-SHARED-KEY-HERE"] * 2
    assert root.findall("system/user") == []
    assert root.findtext("system/hostname") == "branch-opnnva"


def test_an_appliance_without_a_lan_side_is_refused_without_a_secret_in_the_message() -> None:
    with pytest.raises(ValueError, match="has no LAN interface") as raised:
        render(lab(lan=None), pre_shared_key=KEY, root_password_hash=HASH)
    assert KEY not in str(raised.value)


@given(st.lists(st.integers(0, 2**24 - 1).map(lambda n: IPv4Network((n << 8, 24))), max_size=4, unique=True))
def test_any_announcement_is_rendered_in_full(advertises: list[IPv4Network]) -> None:
    assert LAB.lan is not None
    statics = [StaticRoute(prefix, LAB.lan.name, LAB.lan.default_gateway) for prefix in advertises]
    root = rendered(lab(advertises=tuple(advertises), statics=(*LAB.statics[:2], *statics)))
    assert (root.findtext(f"{BGP}/networks") or "") == ",".join(map(str, advertises))
    networks = [item["network"] for item in items(root, "staticroutes/route")]
    assert networks == ["10.0.0.36/32", "10.0.0.37/32", *map(str, advertises), "10.0.0.36/31"]


def test_the_release_is_the_one_whose_models_these_are() -> None:
    assert RELEASE == "26.1"
