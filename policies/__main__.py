"""The pack's process: Pulumi runs it in this folder. It blocks for ever; import the modules beside it, never this."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the pack shares the project's code

from pulumi_policy import PolicyPack

from policies.crossguard import PACK, policies

PolicyPack(name=PACK, policies=policies())
