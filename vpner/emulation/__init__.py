"""A topology as network namespaces with FRR and strongSwan: what daemons and packets do, against what the model says.

``sessions`` and ``frr`` plan BGP, ``wires`` the links, ``programming`` what Azure does with routes, ``build`` the shell
that makes it; all of these are pure and know nothing of the routing model. ``cradle``, ``control``, ``ipsec`` and
``lab`` run it. ``oracle`` and ``traffic`` compare, ``report`` does everything from beginning to end, ``pair`` is two
ends of a tunnel only. ``rules`` says what is imposed on the daemons.
"""

from vpner.emulation.control import NotSettled
from vpner.emulation.cradle import CommandFailed, missing
from vpner.emulation.report import Conversation, Report, Seen, emulate, single_failures
from vpner.emulation.rules import RULES, Basis, Rule

__all__ = [
    "RULES",
    "Basis",
    "CommandFailed",
    "Conversation",
    "NotSettled",
    "Report",
    "Rule",
    "Seen",
    "emulate",
    "missing",
    "single_failures",
]
