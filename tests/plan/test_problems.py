"""The error model: places that nest, and text that a person can read and copy."""

from __future__ import annotations

import pytest

from vpner.problems import Problem, Problems, refuse

PROBLEM = Problem("addressSpace[0]", "10.0.0.1/24 has host bits", "Azure refuses it", "write 10.0.0.0/24", "host-bits")


@pytest.mark.parametrize(
    ("where", "prefix", "deeper"),
    [
        ("sku", "tunnel", "tunnel.sku"),
        ("[0].sku", "circuits", "circuits[0].sku"),
        ("", "circuits", "circuits"),
        ("a.b", "c[1]", "c[1].a.b"),
    ],
)
def test_a_place_is_found_deeper(where: str, prefix: str, deeper: str) -> None:
    problem = Problem(where, "w", "y", "r", "some-code")
    assert problem.at(prefix) == Problem(deeper, "w", "y", "r", "some-code")


def test_a_place_can_be_named_otherwise() -> None:
    assert PROBLEM.moved(lambda where: f"vpner:{where}").where == "vpner:addressSpace[0]"
    assert PROBLEM.where == "addressSpace[0]"


def test_a_problem_reads_place_code_finding_rule_remedy_and_source() -> None:
    assert str(PROBLEM) == (
        "addressSpace[0] [host-bits]\n    10.0.0.1/24 has host bits. Azure refuses it\n    Remedy: write 10.0.0.0/24"
    )
    sourced = Problem("a", "b", "c", "d", "e-f", "RFC 4632")
    assert str(sourced).endswith("\n    Source: RFC 4632")


def test_what_is_to_be_copied_stands_in_one_piece() -> None:
    word = "/subscriptions/" + "x" * 120
    assert word in str(Problem("a", "b", "c", f"write it like {word}", "e-f"))


@pytest.mark.parametrize(("count", "words"), [(1, "1 problem\n"), (2, "2 problems\n")])
def test_problems_are_counted_and_listed_under_a_heading(count: int, words: str) -> None:
    error = Problems("Nothing works", [PROBLEM] * count)
    assert str(error).startswith(f"Nothing works: {words}")
    assert str(error).count("write 10.0.0.0/24") == count
    assert error.problems == (PROBLEM,) * count


def test_only_problems_are_a_reason_to_refuse() -> None:
    refuse("Nothing works", [])
    with pytest.raises(Problems) as raised:
        refuse("Nothing works", iter([PROBLEM]))
    assert raised.value.problems == (PROBLEM,)
