"""A program that registers what a document in the shape of a YAML program says, as a generated SDK would.

It is what runs the example where YAML's language host is not installed: of YAML's language it knows configuration,
``${resource.output}``, ``${resource}`` and ``fn::secret``. In a consumer's folder it is ``__main__.py``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pulumi
import pulumi_azure_native as azure_native
import yaml

REFERENCE = re.compile(r"\$\{(\w+)(?:\.(\w+))?\}")


class Remote(pulumi.ComponentResource):
    """A component of the package."""

    def __init__(self, token: str, name: str, given: dict[str, Any], wanted: list[str], **options: Any) -> None:
        kind = token.replace("vpner:", "vpner:index:")
        opts = pulumi.ResourceOptions(**options)
        super().__init__(kind, name, {**given, **dict.fromkeys(wanted)}, opts, remote=True)


def value(given: Any, known: dict[str, Any]) -> Any:
    if isinstance(given, dict) and list(given) == ["fn::secret"]:
        return pulumi.Output.secret(value(given["fn::secret"], known))
    if isinstance(given, dict):
        return {key: value(item, known) for key, item in given.items()}
    if isinstance(given, list):
        return [value(item, known) for item in given]
    found = REFERENCE.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return given
    owner, output = found.groups()
    return getattr(known[owner], output) if output else known[owner]


def main(text: str) -> None:
    document = yaml.safe_load(text)
    config = pulumi.Config()
    known: dict[str, Any] = {key: config.get(key, item["default"]) for key, item in document["config"].items()}
    for name, item in document["resources"].items():
        given = value(item["properties"], known)
        options = value(item.get("options", {}), known)
        wanted = [output for owner, output in REFERENCE.findall(text) if owner == name and output]
        match item["type"]:
            case "azure-native:resources:ResourceGroup":
                group, location = given["resourceGroupName"], given["location"]
                known[name] = azure_native.resources.ResourceGroup(
                    name, resource_group_name=group, location=location, opts=pulumi.ResourceOptions(**options)
                )
            case "pulumi:providers:azure-native":
                known[name] = azure_native.Provider(name, subscription_id=given["subscriptionId"])
            case token:
                known[name] = Remote(token, name, given, wanted, **options)
    for name, item in document["outputs"].items():
        pulumi.export(name, value(item, known))


if __name__ == "__main__":
    main(Path("program.yaml").read_text(encoding="utf-8"))
