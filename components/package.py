"""The components as a Pulumi package, which programs in every language use.

Pulumi runs it in a process of its own, asks for the schema, and then to construct components.
"""

import re
import sys
from importlib.metadata import version
from typing import Any

import pulumi
from pulumi import ComponentResource, Output, ResourceOptions
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.analyzer import ComponentDefinition, TypeDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

import components
from components.border import Border
from vpner.problems import Problems, refuse

PACKAGE = "vpner"
COMPONENTS: list[type[ComponentResource]] = [
    item
    for item in (getattr(components, name) for name in components.__all__)
    if isinstance(item, type) and issubclass(item, ComponentResource)
]
"""The components of the package, in the order of their names."""
_PROVIDER = re.compile(r"schema\.json#/resources/pulumi:providers:[a-z-]+")


class Package(ComponentProvider):
    """Constructs the components. Problems arrive in the program as one message, without a traceback."""

    def __init__(self) -> None:
        super().__init__(COMPONENTS, PACKAGE, version=version(PACKAGE))
        # The SDK writes a reference to a provider as one to a resource, which Pulumi's schema has as deprecated.
        self.schema = _PROVIDER.sub("schema.json#/provider", self.schema or "")

    def construct(
        self, name: str, resource_type: str, inputs: pulumi.Inputs, options: ResourceOptions | None = None
    ) -> ConstructResult:
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, Problems):
                raise _refused(error.inner) from error
            raise
        except Problems as error:
            raise _refused(error) from error

    def map_inputs(self, inputs: pulumi.Inputs, component_def: ComponentDefinition) -> pulumi.Inputs:
        """A component's arguments by their Python names.

        Raises :class:`Problems` with everything that the schema does not allow; the SDK would tell the first one.
        """
        border = Border(self.get_type_definition)
        checked = border.object("", component_def.inputs, inputs)
        refuse(component_def.name, border.problems)
        return super().map_inputs(checked, component_def)

    def get_state(self, instance: ComponentResource, component_def: ComponentDefinition) -> dict[str, Any]:
        """A component's outputs by the schema's names: in lists of objects too, which the SDK leaves as they are."""
        state = super().get_state(instance, component_def)
        for key, prop in component_def.outputs.items():
            kind = self.get_type_definition(prop.items) if prop.items and prop.items.ref else None
            if kind is not None and key in state:
                state[key] = self._renamed(kind, state[key])
        return state

    def _renamed(self, kind: TypeDefinition, items: pulumi.Input[list[dict[str, Any]]]) -> Output[list[Any]]:
        return Output.from_input(items).apply(lambda known: [self.map_complex_output(item, kind) for item in known])


def _refused(error: Problems) -> InputPropertiesError:
    """All in one message: where a path is beside it, the engine prints the property's value, secrets and all."""
    return InputPropertiesError(str(error), [])  # the SDK's server fails on None


def serve() -> None:
    """Serve the package to the engine whose address is on the command line: the command ``pulumi-resource-vpner``."""
    main(Package(), sys.argv[1:])
