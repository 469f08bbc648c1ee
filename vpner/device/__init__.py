"""What the on-premises side is configured with: a device plan, rendered for one kind of device. No Pulumi, no I/O.

Public:

- :mod:`vpner.device.plans`: ``device_plans(topology, contracts)``, the plan of every device.
- :mod:`vpner.device.opnsense`: ``render(plan)``, ``read_config(text)``, ``configuration(plan)``, ``differences``.
- :mod:`vpner.device.linux`: ``linux_files(plan)``, strongSwan and FRR; ``frr_lines(plan)``, FRR alone.
- :mod:`vpner.device.provider`: ``provider_routers(topology)``, the routers at the far end of the circuits.
- :mod:`vpner.device.crypto`: ``negotiate(one, other)``, the suites that two crypto profiles agree on.
- :mod:`vpner.device.mtu`: ``tunnel_mtu``, ``tcp_mss``, ``mss_clamp``: what passes a tunnel whole.
- :mod:`vpner.device.filters`: ``imports(plan)``, ``exports(plan)``, the routes that a device takes and announces.

A configuration needs every tunnel address: without, it raises :class:`vpner.device.common.Unbound`.
"""
