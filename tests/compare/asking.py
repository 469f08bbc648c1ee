"""What the simulated Azure shows of a deployment, asked by the unmodified Azure SDK over HTTPS."""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulator.rest.deployed import GROUP, Deployed
from tests.simulator.rest.serving import served
from vpner.cli.subscription import Subscription
from vpner.comparison import Comparison, compare
from vpner.readers.observed import Document, read_observed
from vpner.topology import Topology


def documents(lab: Deployed, topology: Topology, groups: Sequence[str] = (GROUP,)) -> dict[str, Document]:
    with served(lab.store) as arm, arm.client() as client:
        return Subscription(client, groups, topology).documents()


def compared(lab: Deployed, topology: Topology) -> Comparison:
    return compare(topology, read_observed(documents(lab, topology), topology))
