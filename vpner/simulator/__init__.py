"""A simulated Azure: one store of ARM resources, and faces on it.

- ``store`` keeps the resources in one JSON file, shared by processes;
- ``azure`` is what Azure Resource Manager does: PUT, GET and DELETE by id, with validation; the modules of ``kinds``
  say what Azure does for each type, with Azure's error codes where they are known; ``answers`` is what GET shows;
- ``provider`` is one face: Pulumi's provider protocol, in place of azure-native (``random`` stands for pulumi-random);
- ``client`` is how that provider asks Azure, ``faults`` and ``chaos`` are what goes wrong then, on demand;
- ``serve`` starts it and ``run`` runs a command with it.

- ``rest`` is the other face: ARM's REST, read by the unmodified Azure CLI and SDKs.

Bodies are ARM's, but with ``properties`` flattened as in the SDKs.
What it says is simulated: it knows Azure's documented rules and what was measured, and nothing of real traffic. It is
kinder than Azure where a rule is about time or about an account: everything is done at once, so without ``chaos`` no
operation is in progress and none fails half done; there are no quotas, capacities, permissions, policies, locks or
marketplace terms.
"""
