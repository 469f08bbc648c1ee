"""The second face of the simulated Azure: Azure Resource Manager's REST, read by unmodified clients.

- ``messages`` are requests, responses and error bodies; ``bodies`` gives a stored resource ARM's shape;
- ``arm`` finds the answer to a request: resources from the store, route tables from ``network`` and ``tables``;
- ``network`` reads the store's resources as a topology and has the routing model solve it; ``peers`` are its sessions;
- ``operations`` run long, and ``throttle`` refuses on demand;
- ``server`` speaks HTTPS on the loopback interface, and ``identity`` gives out the token for it;
- ``clients`` tells the Azure CLI and the SDKs where it is.

It reads. What changes a resource goes through Pulumi, and PUT, PATCH and DELETE are answered 405. The one exception is
a connection's pre-shared key, which Azure changes by a call of its own only: ``keys``.
"""
