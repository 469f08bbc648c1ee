"""Resource groups."""

from __future__ import annotations

from vpner.simulator.kinds.base import Kind, kind_type
from vpner.simulator.store import Body, Record, Snapshot


def _view(_cloud: Snapshot, _record: Record) -> Body:
    return {"properties": {"provisioningState": "Succeeded"}}


RESOURCE_GROUP = Kind(kind_type("resources:ResourceGroup"), view=_view)
