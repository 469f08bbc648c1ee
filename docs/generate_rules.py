"""Writes docs/rules.md from the registry of rules: ``python docs/generate_rules.py``.

The prose stands in rules.md.j2. A test compares the result with the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jinja2

from vpner.readers.resources import UNKNOWN
from vpner.rules import RULES, Rule
from vpner.rules.declared import POLICY, Declarations, read_declared
from vpner.rules.registry import DECLARED, MODEL, Edit, Example
from vpner.rules.report import NOTICE

DOCS = Path(__file__).resolve().parent
MOST = 120
"""Characters of a value: what is longer is described by the example's sentence alone."""
SAMPLE = {
    POLICY: {
        "topology": {
            "circuits": {"hub-er": {"paths": {"primary": {"router": "edge"}, "secondary": {"router": "edge"}}}},
            "routers": {
                "edge": {"asn": 65020, "networks": ["10.200.0.4/32"]},
                "fw": {
                    "asn": 65010,
                    "addresses": ["10.200.0.4"],
                    "networks": ["10.210.0.0/16"],
                    "statics": [{"prefix": "hub-vpngw.instances[0].tunnel", "next_hop": "10.200.0.1"}],
                },
            },
        },
        "intent": [{"from": ["10.0.1.0/24"], "to": ["10.210.0.0/16"], "mode": "required"}],
        "exceptions": [
            {
                "rule": "key-not-literal",
                "resource": "hub-to-fw",
                "reason": "the key comes from the stack's secret configuration",
                "owner": "network-team@example.com",
                "expiry": "2027-03-31",
            }
        ],
    }
}


def page() -> str:
    """The text of docs/rules.md."""
    _, problems = read_declared(SAMPLE[POLICY])
    assert not problems, problems
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(DOCS),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    rules = sorted(RULES.values(), key=lambda rule: (not rule.severity.mandatory, rule.topic, rule.id))
    text = environment.get_template("rules.md.j2").render(
        rules=rules,
        mandatory=sum(rule.severity.mandatory for rule in rules),
        keys=list(_keys()),
        sample=json.dumps(SAMPLE, indent=2),
        notice=NOTICE.days,
        edits=edits,
        needs=needs,
    )
    return text.rstrip() + "\n"


def _keys() -> Iterator[tuple[str, str]]:
    for name, field in Declarations.model_fields.items():
        yield name, f"{field.description}."


def edits(example: Example) -> str:
    """What is changed, where a line says it."""
    shown = [_edit(edit) for edit in example.edits]
    return f" {'; '.join(shown)}." if shown and all(len(item) <= MOST for item in shown) else ""


def _edit(edit: Edit) -> str:
    where = f"{POLICY}:{edit.path}" if edit.resource == DECLARED else f"{edit.resource}: {edit.path}"
    if edit.value is None:
        return f"without `{where}`"
    if edit.value is UNKNOWN:
        return f"`{where}` unknown"
    return f"`{where}` = `{json.dumps(edit.value, default=lambda _: 'unknown')}`"


def needs(rule: Rule) -> str:
    """What it reads."""
    return ", ".join("the whole network's topology" if need == MODEL else f"`{need}`" for need in rule.needs)


if __name__ == "__main__":
    (DOCS / "rules.md").write_text(page(), encoding="utf-8")
