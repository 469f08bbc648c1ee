"""Has anybody changed what a stack deployed? Run on a schedule; nothing is changed by it.

    python -m toolchain.drift --stack dev --subscription ID --resource-group NAME

Two questions, both asked whatever the first one's answer is:

- the configuration: `pulumi preview --refresh --expect-no-changes` with the policy pack reads every resource anew, so
  that a property which somebody changed shows as a change, and a rule that it breaks says so;
- the network: `vpner compare` holds every route table, session and connection against the prediction. A provider that
  stops announcing a /32 changes no resource, and shows here.

Exit code 0: neither has changed; 1: something has; 2: something could not be observed, so nobody knows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNCHANGED, CHANGED, UNKNOWN = 0, 1, 2


def questions(stack: str, subscription: str, groups: Sequence[str]) -> dict[str, list[str]]:
    """The command that answers each."""
    inside = [part for group in groups for part in ("--resource-group", group)]
    return {
        "configuration": [
            *("pulumi", "preview", "--stack", stack, "--non-interactive", "--diff", "--refresh"),
            *("--expect-no-changes", "--policy-pack", str(ROOT / "policies")),
        ],
        "network": ["vpner", "compare", "--stack", stack, "--subscription", subscription, *inside],
    }


def answer(question: str, code: int) -> int:
    """What a command's exit code says: pulumi's is never 0 where something has changed, or nothing could be read."""
    if question == "network" and code not in (UNCHANGED, CHANGED):
        return UNKNOWN
    return UNCHANGED if code == 0 else CHANGED


def verdict(answers: Sequence[int]) -> int:
    """A change that was seen counts more than what could not be."""
    return CHANGED if CHANGED in answers else max(answers)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stack", required=True)
    parser.add_argument("--subscription", required=True)
    parser.add_argument("--resource-group", required=True, action="append")
    options = parser.parse_args(arguments)
    answers: dict[str, int] = {}
    for question, command in questions(options.stack, options.subscription, options.resource_group).items():
        print(f"Drift of the {question}:", file=sys.stderr, flush=True)
        answers[question] = answer(question, subprocess.run(command, check=False).returncode)
    words = {UNCHANGED: "as deployed", CHANGED: "CHANGED", UNKNOWN: "not known"}
    print("Drift:", ", ".join(f"{question} {words[code]}" for question, code in answers.items()), flush=True)
    return verdict(list(answers.values()))


if __name__ == "__main__":
    sys.exit(main())
