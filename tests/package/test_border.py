"""What a program gives a component is checked against the schema before the component sees it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pulumi import Output
from pulumi.output import Unknown

from components.package import Package
from vpner.problems import Problems

PACKAGE = Package()
DEFINITIONS = PACKAGE.analyzer.analyze(list(PACKAGE._components.values()))["component_definitions"]
DEVICE = {"name": "fw", "endpoint": "10.0.0.4", "asn": 65010.0, "apipa": "169.254.21.1", "prepend": 2.0}
TUNNEL: dict[str, Any] = {
    "resourceGroupName": "rg",
    "name": "hub",
    "gatewaySubnetId": "id",
    "gatewaySubnet": "10.1.0.0/26",
    "sku": "VpnGw1AZ",
    "apipa": [["169.254.21.2"], ["169.254.22.2"]],
    "devices": [DEVICE],
    "stage": "ordered",
    "tags": {"owner": "me"},
}


def mapped(**changed: Any) -> Any:
    given = {**deepcopy(TUNNEL), **changed}
    return PACKAGE.map_inputs({key: value for key, value in given.items() if value is not None}, definition())


def definition() -> Any:
    return DEFINITIONS["IpsecOverEr"]


def test_numbers_of_the_wire_become_integers_at_any_depth() -> None:
    (device,) = mapped()["devices"]
    assert (device["asn"], type(device["asn"])) == (65010, int)
    assert (device["prepend"], type(device["prepend"])) == (2, int)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"sku": None}, [("sku", "missing-key")]),
        ({"skew": "VpnGw1AZ"}, [("skew", "unknown-key")]),
        ({"stage": "orderd"}, [("stage", "unknown-choice")]),
        ({"stage": 3.0}, [("stage", "unknown-choice")]),
        ({"sku": 1.0}, [("sku", "wrong-kind")]),
        ({"asn": 1.5}, [("asn", "wrong-kind")]),
        ({"asn": True}, [("asn", "wrong-kind")]),
        ({"asn": "65515"}, [("asn", "wrong-kind")]),
        ({"protect": "yes"}, [("protect", "wrong-kind")]),
        ({"devices": {}}, [("devices", "wrong-kind")]),
        ({"devices": ["fw"]}, [("devices[0]", "wrong-kind")]),
        ({"tags": ["me"]}, [("tags", "wrong-kind")]),
        ({"apipa": [["169.254.21.2"], "169.254.22.2"]}, [("apipa[1]", "wrong-kind")]),
        ({"sku": Unknown()}, [("sku", "not-plain")]),
        ({"apipa": [[Unknown()], []]}, [("apipa[0][0]", "not-plain")]),
        ({"stage": Unknown()}, [("stage", "not-plain")]),
        ({"devices": [{**DEVICE, "asn": Unknown(), "name": None, "peer": "1"}], "name": 1.0},
         [("name", "wrong-kind"), ("devices[0].peer", "unknown-key"), ("devices[0].name", "missing-key"),
          ("devices[0].asn", "not-plain")]),
    ],
)  # fmt: skip
def test_what_the_schema_does_not_allow_is_refused(changed: Any, expected: list[tuple[str, str]]) -> None:
    with pytest.raises(Problems) as refused:
        mapped(**changed)
    assert [(problem.where, problem.code) for problem in refused.value.problems] == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"gatewaySubnetId": Unknown()},
        {"tags": {"owner": Unknown()}},
        {"devices": [{**DEVICE, "preSharedKey": Unknown()}]},
        {"location": None, "asn": None},
    ],
)
def test_what_may_be_known_later_passes(changed: Any) -> None:
    assert mapped(**changed)


def test_an_output_of_known_value_is_no_plain_value_either(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Output.secret("VpnGw1AZ-nobody-may-see")
    with pytest.raises(Problems, match="not-plain") as refused:
        mapped(sku=secret)
    assert "nobody-may-see" not in str(refused.value)
    (nva,) = (item for name, item in DEFINITIONS.items() if name == "OpnsenseNva")
    assert nva.inputs["tunnelAddresses"].plain is None
