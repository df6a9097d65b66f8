"""What type checkers say of `Mapped` fields and of links, and what `Mapped` fields are at run time."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bson import ObjectId
from pydantic import ValidationError

from data_bridge import Document, Mapped, mapped
from data_bridge.layout import layout_of

ROOT = Path(__file__).parents[2]
JUDGED = [
    Path(__file__).with_name(name)
    for name in ("mapped.py", "links.py", "computed.py", "functions.py", "pipelines.py", "queries.py", "ids.py")
]


def mypy(judged: Path, _: Path) -> list[str]:
    return [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(judged)]


def pyright(judged: Path, folder: Path) -> list[str]:
    prefix = Path(sys.prefix)
    config = {
        "include": [judged.name],
        "typeCheckingMode": "strict",
        "extraPaths": [str(ROOT / "python")],
        "venvPath": str(prefix.parent),
        "venv": prefix.name,
    }
    (folder / judged.name).write_text(judged.read_text())
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    return [str(Path(sys.executable).with_name("pyright")), "-p", str(folder)]


@pytest.mark.parametrize("judged", JUDGED, ids=lambda path: path.stem)
@pytest.mark.parametrize("checker", [mypy, pyright])
def test_the_marked_lines_are_refused_and_no_others(
    checker: Callable[[Path, Path], list[str]], judged: Path, tmp_path: Path
) -> None:
    command = checker(judged, tmp_path)
    name = f"{judged.name}:"
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT / "python", check=False, timeout=300)
    said = [line for line in done.stdout.splitlines() if "error:" in line or " - error" in line]
    refused = {int(line.split(name)[1].split(":")[0]) for line in said if name in line}
    marked = {at for at, line in enumerate(judged.read_text().splitlines(), 1) if line.endswith("# error")}
    assert refused == marked, done.stdout + done.stderr


class Person(Document):
    name: Mapped[str]
    age: Mapped[int]


def test_a_mapped_field_is_a_plain_one_at_run_time() -> None:
    person = Person(id=ObjectId(), name="Ann", age=3)
    assert layout_of(Person).decode(layout_of(Person).encode(person)) == person
    assert (Person.age > 3).__ir__.to_mql() == {"age": {"$gt": 3}}


class Shelf(Document):
    books: Mapped[list[str]] = mapped(default_factory=list)
    width: Mapped[int] = mapped(80, gt=0)


def test_mapped_fields_have_defaults_and_options() -> None:
    assert (Shelf().books, Shelf().width) == ([], 80)
    with pytest.raises(ValidationError):
        Shelf(width=0)
    with pytest.raises(TypeError, match="needs a default"):
        mapped(gt=0)


def test_a_list_has_a_size_to_compute_with() -> None:
    assert Shelf.books.size().__ir__.to_mql() == {"$size": "$books"}
    assert Shelf.books.size(2).__ir__.to_mql() == {"books": {"$size": 2}}
