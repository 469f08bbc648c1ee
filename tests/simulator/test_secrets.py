from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.lab import LOCATION, Lab, resource, vpn_connection
from vpner.simulator.secrets import is_sealed, opens, seal, seal_all, without_secrets

KEY = "psk-7Q2m-no-one-may-read-this"
PASSWORD = "Pw-9-no-one-may-read-this"
SCRIPT = "script-no-one-may-read-this"
DATA = "ZGF0YS1uby1vbmUtbWF5LXJlYWQ="

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def deployed(lab: Lab) -> Lab:
    """A lab with a secret of every kind."""
    lab.hub().vpn().device().virtual_machine(adminPassword=PASSWORD, customData=DATA)
    lab.put("connections/conn", vpn_connection(sharedKey=KEY))
    extension = {
        **LOCATION,
        "publisher": "P",
        "type": "T",
        "typeHandlerVersion": "1.0",
        "protectedSettings": {"commandToExecute": SCRIPT},
    }
    lab.put("virtualMachines/vm/extensions/e", extension, "Microsoft.Compute")
    return lab


def test_no_secret_is_in_the_state_or_in_an_answer(lab: Lab) -> None:
    deployed(lab)
    state = (lab.store.folder / "azure.json").read_text()
    answers = json.dumps([lab.azure.get(resource_id) for resource_id in lab.ids()])
    for secret in (PASSWORD, SCRIPT, DATA):
        assert secret not in state + answers
    assert "sealed" not in answers
    # A pre-shared key is given back by a call of its own, so one copy of it is kept.
    assert KEY not in answers
    assert state.count(KEY) == 1


def test_a_connections_key_stays_that_of_its_creation(lab: Lab) -> None:
    deployed(lab)
    lab.put("connections/conn", vpn_connection(sharedKey="another-key", routingWeight=1))
    record = lab.store.snapshot().get(resource("connections/conn"))
    assert record is not None
    assert opens(record.body["sharedKey"], KEY)
    assert lab.get("connections/conn")["routingWeight"] == 1


def test_protected_settings_can_be_replaced(lab: Lab) -> None:
    deployed(lab)
    path = "virtualMachines/vm/extensions/e"
    changed = {**LOCATION, "publisher": "P", "type": "T", "protectedSettings": {"commandToExecute": "other"}}
    lab.put(path, changed, "Microsoft.Compute")
    record = lab.store.snapshot().get(resource(path, namespace="Microsoft.Compute"))
    assert record is not None
    assert opens(record.body["protectedSettings"], {"commandToExecute": "other"})


@settings(deadline=None, max_examples=20)
@given(JSON, JSON)
def test_a_seal_opens_for_its_own_value_only(value: object, other: object) -> None:
    sealed = seal(value)
    assert is_sealed(sealed)
    assert opens(sealed, value)
    assert opens(sealed, other) == (json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True))
    assert seal(value) != sealed, "the same secret twice must not look the same"


def test_secrets_are_found_at_any_depth() -> None:
    sealed = seal_all({"a": [{"sharedKey": "x", "b": 1}], "osProfile": {"adminPassword": "y", "computerName": "z"}})
    assert '"x"' not in json.dumps(sealed)
    assert '"y"' not in json.dumps(sealed)
    assert without_secrets(sealed) == {"a": [{"b": 1}], "osProfile": {"computerName": "z"}}
