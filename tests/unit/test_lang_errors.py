"""What cannot be read is refused at once, with its place and what would be right."""

from __future__ import annotations

import tracemalloc

import pytest
from models import User
from steps import calls_of

from data_bridge import BackLink, Document, Link, errors, lang
from data_bridge.errors import LangError


class Secret(Document):
    token: str

    class Settings:
        name = "secret"


def refused(text: str, **options: object) -> LangError:
    with pytest.raises(LangError) as caught:
        lang.parse(text, [User], **options)  # type: ignore[arg-type]
    return caught.value


def test_the_message_shows_the_line_and_the_spot() -> None:
    error = refused('User.find(\n    (User.age > 25) & User.nam == "x")\n)')
    assert error.code == "unpaired_bracket"
    error = refused('User.find(\n    (User.age > 25) & (User.nam == "x")\n)')
    assert (error.line, error.column, error.position) == (2, 29, 39)
    assert str(error).splitlines() == [
        "User has no field 'nam'; did you mean 'name'? fields: id, name, email, age, address, tags, items, role, "
        "nickname (line 2, column 29)",
        '      (User.age > 25) & (User.nam == "x")',
        "                              ^",
    ]


def test_the_message_says_what_could_stand_there() -> None:
    assert refused("User.find(User.age >)").expected == ("a name", "a value")
    assert refused("User.find(User.age 5)").expected == (
        "an operator such as == or &",
        "'.' and a name",
        "'['",
        "','",
        "')'",
    )
    assert refused("User.find(User.age > 5").expected == ("')'",)
    assert refused("User.find([1, 2)").expected == ("']'",)
    assert "expected: a name, a value" in str(refused("User.find(User.age >)"))


CASES = [
    ("", "empty_text", 0, "nothing to read"),
    ("   ", "empty_text", 0, "nothing to read"),
    ("User", "not_a_query", 0, "not a query"),
    ("5", "not_a_query", 0, "not a query"),
    ("User.age > 5", "not_a_query", 0, "not a query"),
    ("Usr.find()", "unknown_name", 0, "did you mean 'User'"),
    ("User.fnd()", "no_such_method", 5, "did you mean 'find'"),
    ("User.find().lmit(1)", "no_such_method", 12, "did you mean 'limit'"),
    ("User.find(User.agee > 3)", "unknown_field", 15, "did you mean 'age'"),
    ('User.find(User.address.cty == "x")', "unknown_field", 23, "did you mean 'city'"),
    ('User.find(User.age > "x")', "incomparable", 19, "cannot be compared"),
    ("User.find(User.age.length() == 1)", "no_such_method", 19, "takes string"),
    ("User.find(User.age > 2 & User.age < 5)", "not_a_condition", 23, "in parentheses"),
    ("User.find(1 < User.age < 5)", "chained_comparison", 23, "between"),
    ("User.find(User.age > 2 and User.age < 5)", "reserved_word", 23, "write &"),
    ("User.find(not User.age > 2)", "reserved_word", 10, "write ~"),
    ("User.find(User.age in [1])", "reserved_word", 19, "in_"),
    ("User.find(User.age = 5)", "bad_character", 19, "=="),
    ("User.find(age=5)", "bad_argument", 5, "unexpected keyword"),
    ("a = User.find()", "unexpected_word", 0, "=="),
    ("User.find(1 + 1)", "constant_operation", 12, "on one side"),
    ("User.find(9 ** 9 ** 9 > User.age)", "constant_operation", 17, "on one side"),
    ('User.find("%999999999s" % User.age == 1)', "constant_operation", 24, "not texts"),
    ("User.find(~5)", "not_a_condition", 10, "negates a condition"),
    ("User.find(-User.age > 5)", "constant_operation", 20, "on one side"),
    ('User.find(-"x")', "bad_sign", 10, "before a number"),
    ("User.find().limit()", "bad_argument", 12, "missing a required argument: 'count'"),
    ("User.find().sort(3)", "bad_argument", 12, "sort key"),
    ("User.find().count().limit(1)", "no_such_method", 20, "ends the query"),
    ("User.find(User.age.in_)", "not_a_document", 19, "no fields"),
    ("User.find(User.find)", "not_a_value", 15, "call it"),
    ("User.find(fn.add)", "not_a_value", 13, "call it"),
    ("User.find(fn.ad(1))", "no_such_method", 13, "did you mean"),
    ("User.find(F)", "not_a_value", 10, "a dot and a name"),
    ("User.find()()", "not_callable", 0, "only functions"),
    ("User()", "not_callable", 0, "cannot be called"),
    ('User.find("\\q")', "bad_literal", 11, "no escape"),
    ('User.find("\\ud800")', "bad_literal", 11, "no character"),
    ('User.find(b"\u20ac")', "bad_literal", 10, "ASCII"),
    ('User.find("x', "open_string", 10, "does not end"),
    ("User.find(User.age == 5a)", "bad_number", 23, "ends in 'a'"),
    ("User.find(User.age == 007)", "bad_literal", 22, "begins with 0"),
    ("User.find(User.age == 1__0)", "bad_literal", 22, "not a number"),
    ("User.find(User.age == 9223372036854775808)", "bad_literal", 22, "64 bits"),
    ("User.find(User.age == 1e999)", "bad_literal", 22, "larger"),
    ('User.find(User.id == ObjectId("zz"))', "bad_argument", 21, "not a valid ObjectId"),
    ('User.find(User.name == re.compile("("))', "bad_argument", 26, "unterminated"),
    ('User.find(User.id == datetime("x"))', "bad_argument", 21, "isoformat"),
    ('User.find({"a": 1, "a": 2})', "repeated_key", 19, "twice"),
    ("User.find({5: 1})", "bad_key", 11, "texts or fields"),
    ('User.find(sort="age", User.age)', "bad_argument", 22, "come first"),
    ('User.find(sort="age", sort="age")', "bad_argument", 22, "twice"),
    ("User.find(User.items.any(lambda a, b: a))", "bad_function", 38, "takes 2"),
    ("User.find(User.items.any(lambda a.b: a))", "bad_parameter", 32, "cannot name"),
    ("User.find(User.items.any(lambda a: b))", "unknown_name", 35, "not known"),
    ("User.find(User[0] > 1)", "unknown_field", 15, "no field '0'"),
    ("User.find(User.tags[-1.5] == 1)", "bad_index", 20, "a name or a position"),
    ("User.find(User.name == \u201cx\u201d)", "bad_character", 23, "plain quotes"),
    ("User.find(!User.age)", "bad_character", 10, "~ to negate"),
    ("User.find(User.age > 5;)", "bad_character", 22, "means nothing"),
    ("User.find(User.name == f'x')", "unexpected_word", 24, "cannot stand here"),
    ('User.aggregate([{"$grp": {}}])', "malformed_pipeline", 5, "did you mean '$group'"),
    ('User.find({"$gt": 1})', "malformed_filter", 5, "stands under a field"),
]


@pytest.mark.parametrize(("text", "code", "position", "said"), CASES, ids=[case[0] for case in CASES])
def test_each_error_has_its_code_and_place(text: str, code: str, position: int, said: str) -> None:
    error = refused(text)
    assert (error.code, error.position) == (code, position), str(error)
    assert said in str(error)
    assert isinstance(error, errors.CompileError)


HIDDEN = [
    "User.__class__",
    "User.find.__globals__",
    "User.find(User.__class__ == 1)",
    "User.find(User.__init__.__globals__ == 1)",
    "User.find(User.age.__ir__ == 1)",
    "User.find(F.__ir__ == 1)",
    'User.find(User["__class__"] == 1)',
    'User.find(User.age["__ir__"] == 1)',
    "User.find(User._parent == 1)",
    "User.find(User.model_fields == 1)",
    "User.model_construct()",
    "User.schema()",
    "User.collection()",
    "User.insert_one(User)",
    "User.find()._cls",
    "User.find().session(None)",
    "User.find().plan()",
    "fn.__builtins__",
    "re.sre_compile",
    "bson.os",
    '__import__("os").system("true")',
    'open("/etc/passwd")',
    'eval("1")',
    'getattr(User, "x")',
    "().__class__",
    '"".__class__',
    "[].append(1)",
    '"%s".format(User)',
    "(lambda x: x)(1)",
    "User.find(User.age > 1).update.__func__",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_nothing_of_python_is_reached(text: str) -> None:
    assert refused(text, allow_writing=True).code in {
        "hidden_name",
        "no_such_method",
        "no_such_field",
        "unknown_field",
        "unknown_name",
        "not_callable",
        "not_a_value",
    }


@pytest.mark.parametrize(
    "stage",
    [
        'Lookup("secret", local="name", foreign="token", name="x")',
        '{"$lookup": {"from": "secret", "localField": "name", "foreignField": "token", "as": "x"}}',
        '{"$unionWith": "secret"}',
        'UnionWith("secret")',
        'UnionWith(collection="secret", pipeline=[])',
        'GraphLookup("secret", User.name, "a", "b", "c")',
        'Facet(a=[UnionWith("secret")])',
        '{"$facet": {"a": [{"$unionWith": {"coll": "secret"}}]}}',
        'Lookup("users", local="name", foreign="name", name="c", pipeline=[UnionWith("secret")])',
    ],
)
def test_only_the_collections_of_the_models_are_read(stage: str) -> None:
    error = refused(f"User.aggregate([{stage}])")
    assert error.code == "collection_not_allowed"
    assert "'secret'" in str(error)
    assert lang.parse(f"User.aggregate([{stage}])", [User, Secret]).plan().commands


@pytest.mark.parametrize(
    "text",
    [
        'User.find({"$where": "true"})',
        'User.find({"$expr": {"$function": {"body": "f", "args": [], "lang": "js"}}})',
        'User.find(fn.function("f", []) == 1)',
        'User.aggregate([Group(x=JsAccumulator("a", "b", [], "c"))])',
        'User.aggregate([{"$group": {"_id": 1, "x": {"$accumulator": {}}}}])',
        'User.find(Where("true", allow_javascript=True))',
    ],
)
def test_programs_are_refused(text: str) -> None:
    assert refused(text).code == "javascript_not_allowed"


HOSTILE = [
    ("(" * 100_000, "too_deep"),
    ("User.find(" + "(" * 40_000 + ")" * 40_000 + ")", "too_deep"),
    ("[" * 50_000 + "]" * 50_000, "too_deep"),
    ("User.find(" + "~" * 90_000 + "User.age)", "too_deep"),
    ("User.find(" + "-" * 90_000 + "1)", "too_deep"),
    ("User.find(" + " & ".join(["(User.age > 1)"] * 5_000) + ")", "too_deep"),
    ("User.find(F" + ".a" * 40_000 + " == 1)", "too_deep"),
    ("User.find(F" + "[0]" * 30_000 + " == 1)", "too_deep"),
    ("User.find()" + ".find()" * 10_000, "too_deep"),
    ("User.find(" + "lambda a: " * 9_000 + "1)", "too_deep"),
    ("User.find(" + "User.age ** " * 8_000 + "1)", "too_deep"),
    ("User.find([" + "1," * 20_000 + "])", "too_many_terms"),
    ("User.find(" + "9" * 5_000 + ")", "number_too_long"),
    ("User.find('" + "x" * 10_000_000 + "')", "text_too_long"),
    ("\x00" * 50_000, "bad_character"),
    ("\\" * 99_999, "bad_character"),
    ('"' + "\\" * 99_998, "open_string"),
    (" " * 100_000, "empty_text"),
    ("User\u200b.find()", "bad_character"),
    ("U\u0455er.find()", "unknown_name"),
    ("\uff35ser.find()", "unknown_name"),
    ("User.\uff46ind()", "no_such_method"),
    ("User.find\uff08\uff09", "bad_character"),
    ("User.find(User.\u0430ge > 1)", "unknown_field"),
]


@pytest.mark.parametrize(("text", "code"), HOSTILE, ids=[f"{text[:20]!a} {code}" for text, code in HOSTILE])
def test_hostile_texts_are_refused_with_little_work(text: str, code: str) -> None:
    found: list[LangError] = []
    # Two for each of the terms that a text may have, and some: nothing is read twice as more is nested.
    assert calls_of(lambda: found.append(refused(text))) < 100_000
    [error] = found
    assert error.code == code
    assert len(str(error)) < 2_000


def test_letters_that_look_like_others_are_named() -> None:
    assert "U+0455, no ASCII letter" in str(refused("U\u0455er.find()"))
    assert "U+200B" in str(refused("User\u200b.find()"))


def test_each_limit_can_be_set() -> None:
    text = "User.find((User.age > 1) & (User.age < 1_000))"
    for limits, code in [
        (lang.Limits(length=10), "text_too_long"),
        (lang.Limits(depth=2), "too_deep"),
        (lang.Limits(terms=5), "too_many_terms"),
        (lang.Limits(digits=3), "number_too_long"),
    ]:
        assert refused(text, limits=limits).code == code
    parsed = lang.parse(text, [User], limits=lang.Limits(length=60, depth=6, terms=20, digits=5))
    assert parsed == User.find((User.age > 1) & (User.age < 1_000))


def test_wide_texts_are_no_deep_ones() -> None:
    many = ", ".join(["User.age > 1"] * 900)
    assert len(lang.parse(f"User.find({many})", [User])._stages[0].predicate.terms) == 900


def test_texts_leave_nothing_behind() -> None:
    lang.parse("User.find(F.a0 == 1)", [User])
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(300):
        lang.parse(f"User.find(F.name{number}.b{number} == 'a text that is new each time {number}')", [User])
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 300_000


def test_models_are_classes() -> None:
    with pytest.raises(TypeError, match="models are document classes"):
        lang.parse("User.find()", {"User": object()})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="is a str"):
        lang.parse(b"User.find()", [User])  # type: ignore[arg-type]


class Land(Document):
    name: str


class Writer(Document):
    name: str
    land: Link[Land] | None = None
    books: list[BackLink[Volume]] = BackLink(original_field="writer")


class Volume(Document):
    writer: Link[Writer]
    year: int = 0


class Eager(Document):
    writer: Link[Writer]

    class Settings:
        eager_load_links = True


@pytest.mark.parametrize(
    "text",
    [
        "Volume.find().fetch_links()",
        "Volume.find().fetch_links(Volume.writer).first()",
        "Volume.find().fetch_links(depth=2)",
        'Volume.find(Volume.writer.name == "x")',
        'Volume.find({"writer.name": "x"}).count()',
        "Volume.find().sort(Volume.writer.name)",
        'Volume.find().sort("writer.name").limit(3)',
        "Volume.find().project(name=Volume.writer.name)",
        'Volume.find().project("writer.name")',
        "Volume.distinct(Volume.writer.name)",
        "Volume.find().max(Volume.writer.name)",
        "Volume.aggregate([Group(by=Volume.writer.name, n=Count())])",
        "Volume.aggregate([Match(Volume.writer.name == 'x'), Count('n')])",
        'Volume.find(Volume.writer.name == "x").paginate(3)',
        "Eager.find()",
        "Eager.find_one()",
    ],
)
def test_links_lead_only_to_collections_of_the_models(text: str) -> None:
    with pytest.raises(LangError, match="reads the collection 'Writer'") as raised:
        lang.parse(text, [Volume, Eager])
    assert raised.value.code == "collection_not_allowed"
    assert lang.parse(text, [Volume, Eager, Writer, Land]) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Volume.find().fetch_links(Volume.writer.land)",
        "Volume.find().fetch_links(depth=2)",
        "Volume.find(Volume.writer.land.name == 'x').exists()",
        "Writer.find().fetch_links(Writer.books.fetch(filter=Volume.writer.land.name == 'x'))",
        "Writer.find().fetch_links(Writer.books.fetch(sort=Volume.writer.land.name))",
    ],
)
def test_links_of_links_lead_only_to_collections_of_the_models(text: str) -> None:
    with pytest.raises(LangError, match="reads the collection 'Land'") as raised:
        lang.parse(text, [Volume, Writer])
    assert raised.value.code == "collection_not_allowed"
    assert lang.parse(text, [Volume, Writer, Land]) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Volume.find(Volume.writer.id == ObjectId('000000000000000000000000'))",
        "Volume.find(Volume.year > 3).fetch_links(depth=0)",
        "Eager.find().count()",
        "Eager.find().fetch_links(depth=0)",
        "Writer.find(Writer.name == 'x')",
    ],
)
def test_a_link_itself_may_be_asked_for(text: str) -> None:
    assert lang.parse(text, [Volume, Eager, Writer]) is not None


def test_links_are_not_fetched_in_rows() -> None:
    with pytest.raises(LangError, match="links are fetched in documents of Volume") as raised:
        lang.parse("Volume.find().fetch_links().project(Volume.year)", [Volume, Writer, Land])
    assert raised.value.code == "fetch_in_rows"


def test_collections_of_other_databases_are_not_read() -> None:
    error = refused(
        'User.aggregate([{"$lookup": {"from": {"db": "other", "coll": "users"}, "pipeline": [], "as": "x"}}])'
    )
    assert error.code == "collection_not_allowed"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('User.find(User.name == re.compile("("))', "re.compile(): missing )"),
        ('User.find(User.age == Decimal128("x"))', "Decimal128(): 'x' is not a number"),
        ('User.find(User.age == Decimal("x"))', "Decimal(): 'x' is not a number"),
        ('User.find(User.age == datetime("x"))', "datetime(): Invalid isoformat string"),
        ("User.find(lambda item: 3)", "lambda item: ... is no predicate"),
    ],
)
def test_functions_are_called_as_the_text_calls_them(text: str, said: str) -> None:
    with pytest.raises(LangError) as caught:
        lang.parse(text, [User])
    assert said in str(caught.value)
