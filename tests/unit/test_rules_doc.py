"""The page of rewrite rules follows from the rules' modules, and each module says when its rule must not apply."""

from __future__ import annotations

import pytest

from data_bridge._core import rules
from tools import rules_doc

MODULES = [module for modules in rules_doc.tables().values() for module in modules]


def test_the_page_is_up_to_date() -> None:
    assert rules_doc.PAGE.read_text() == rules_doc.page(), "run make generate"


def test_every_rule_of_the_compiler_is_on_the_page() -> None:
    assert rules() == MODULES


def test_every_module_of_a_rule_is_in_a_table() -> None:
    holding = {path.stem for path in rules_doc.PASSES.glob("*.rs") if rules_doc.NAME.search(path.read_text())}
    # The driver's tests have rules of their own.
    assert holding - {"driver"} == {*MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_a_rule_says_when_it_must_not_apply(module: str) -> None:
    rule = rules_doc.described(module)
    assert "=>" in rule.example
    assert any(word in rule.conditions for word in ("Never", "Only", "Needs the fact"))
    assert "issing" in rule.conditions, "what of null and missing?"
    assert "rray" in rule.conditions, "what of arrays?"
