"""Plans as pages, diagrams and JSON."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from models import User

from data_bridge.pipeline import Limit, Match, Sort

HOSTILE = '<script>alert("x")</script>&"]; click'


class Tags(HTMLParser):
    """Notes every tag and attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_self_contained_and_escaped() -> None:
    plan = User.find((User.name == HOSTILE) | (User.name == "b")).plan()
    page = Tags()
    page.feed(plan._repr_html_())
    assert page.tags <= {"div", "strong", "pre", "b", "details", "summary"}
    assert page.attributes == {"style"}
    assert "url(" not in plan._repr_html_()
    assert "alert(" in page.text
    assert "optimized" in page.text
    assert "equalities_to_in" in page.text


def test_changed_stages_stand_out() -> None:
    plan = User.find((User.name == "a") | (User.name == "b")).sort(-User.age).plan()
    assert '\n  * Match(name in ["a", "b"])\n    Sort(-age)\n' in plan.text()
    assert "<b>  Match(name in [&quot;a&quot;, &quot;b&quot;])</b>" in plan._repr_html_()
    assert "<b>  Sort" not in plan._repr_html_()


def test_each_rule_is_told_in_one_line() -> None:
    plan = User.aggregate([Sort(-User.age), Match(User.name == "a"), Limit(9)]).plan()
    line = 'push_match_below_sort: Sort(-age) . Match(name == "a")  =>  Match(name == "a") . Sort(-age)'
    assert f"\nrules\n  {line}\ncommands\n" in plan.text()
    assert plan.to_dict()["rules"][0]["line"] == line


def test_a_verbose_text_has_the_tree_behind_a_rule_of_predicates() -> None:
    plan = User.find((User.name == "a") | (User.name == "b")).sort(-User.age).plan()
    assert 'equalities_to_in\n  *   Match(name in ["a", "b"])\n      Sort(-age)\n' in plan.text(verbose=True)


def test_a_verbose_text_has_the_stages_behind_each_rule() -> None:
    plan = User.aggregate([Sort(-User.age), Match(User.name == "a")]).plan()
    assert 'push_match_below_sort\n      Match(name == "a")\n  *   Sort(-age)\n' in plan.text(verbose=True)


def test_json_is_the_plan() -> None:
    plan = User.find(User.age > 25).plan()
    read = json.loads(plan.to_json())
    assert read["commands"] == [{"find": "users", "filter": {"age": {"$gt": 25}}}]
    assert "\n" in plan.to_json(indent=2)


def test_a_diagram_of_both_trees() -> None:
    diagram = User.find((User.name == "a") | (User.name == "b")).sort(-User.age).plan().to_mermaid()
    assert diagram.startswith("flowchart BT\n")
    assert diagram.count("subgraph") == 2
    lines = [line.strip() for line in diagram.splitlines()]
    assert 'g0n0["Sort(-age)"]' in lines
    assert "g0n1 --> g0n0" in lines
    assert "g0n2 --> g0n1" in lines
    assert 'g1n1["Match(name in [#quot;a#quot;, #quot;b#quot;])"]:::changed' in lines
    assert [line for line in lines if ":::" in line] == [lines[lines.index('g1n0["Sort(-age)"]') + 1]]


def test_values_stay_inside_the_labels_of_a_diagram() -> None:
    diagram = User.find(User.name == HOSTILE).plan().to_mermaid()
    for line in diagram.splitlines():
        assert "<" not in line
        assert line.count('"') in (0, 2), line
