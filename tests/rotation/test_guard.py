"""No update claims a key that Azure does not have."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi import ResourceHookArgs

from components.key_guard import check_update, key_problems
from vpner.plan.keys import IN_AZURE, NOT_ASKED, fingerprint, is_fingerprint_of
from vpner.problems import Problems

OLD, NEW = "the-old-key-of-this-test", "the-new-key-of-this-test"
KEYS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128)

UPDATES: list[tuple[str, str | None, str | None, str, bool]] = [
    ("the same key", OLD, OLD, "", True),
    ("another key", OLD, NEW, "", False),
    ("a key that is not known yet", OLD, None, "", False),
    ("a key that is not known yet, another in Azure", OLD, None, fingerprint(NEW), False),
    ("the key that Azure has", OLD, NEW, fingerprint(NEW), True),
    ("a key that Azure does not have", OLD, NEW, fingerprint(OLD), False),
    ("the first key of an imported connection", None, NEW, "", False),
    ("something that is no fingerprint", OLD, NEW, "yes", False),
    ("the key itself as its fingerprint", OLD, NEW, NEW, False),
]


@pytest.mark.parametrize(("what", "before", "now", "in_azure", "passes"), UPDATES, ids=[row[0] for row in UPDATES])
def test_an_update_passes_with_the_key_that_azure_has(
    what: str, before: str | None, now: str | None, in_azure: str, passes: bool
) -> None:
    found = key_problems("the-connection", before, now, in_azure)
    assert (found == []) == passes
    said = "".join(str(item) for item in found)
    assert passes or "vpner rotate-key" in said
    assert OLD not in said
    assert NEW not in said


def asked(args: ResourceHookArgs) -> None:
    """The engine calls the hook. ``asyncio.run`` would leave the programs of other tests without a loop."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(check_update(args))
    finally:
        loop.close()


def test_the_hook_reads_the_inputs_of_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    args = ResourceHookArgs("urn", "id", "the-connection", "type", {"sharedKey": NEW}, {"sharedKey": OLD})
    with pytest.raises(Problems, match="key-not-in-azure") as refused:
        asked(args)
    assert NEW not in str(refused.value)
    monkeypatch.setenv(IN_AZURE, fingerprint(NEW))
    asked(args)


def test_a_preview_that_is_only_read_is_not_asked_and_an_update_is(monkeypatch: pytest.MonkeyPatch) -> None:
    args = ResourceHookArgs("urn", "id", "the-connection", "type", {"sharedKey": NEW}, {"sharedKey": OLD})
    monkeypatch.setenv(IN_AZURE, NOT_ASKED)
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: True)
    asked(args)
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: False)
    with pytest.raises(Problems, match="key-not-in-azure"):
        asked(args)


@settings(deadline=None, max_examples=20)
@given(KEYS, KEYS)
def test_a_fingerprint_proves_its_own_key_and_shows_none(key: str, other: str) -> None:
    text = fingerprint(key)
    assert is_fingerprint_of(text, key)
    assert is_fingerprint_of(text, other) == (key == other)
    assert text != fingerprint(key)
    assert len(key) < 8 or key not in text
