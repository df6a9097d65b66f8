"""Judged by mypy and pyright as it stands: a line marked `# error` must be refused, every other one accepted."""

from typing import Any, assert_type

from pydantic import BaseModel

from data_bridge import Count, Document, F, Mapped
from data_bridge.operation import Operation
from data_bridge.pipeline_builder import PipelineBuilder


class Sale(Document):
    name: Mapped[str]
    age: Mapped[int]


class Row(BaseModel):
    n: int


def built() -> None:
    pipeline = Sale.pipeline().match(Sale.age > 5).group(by=Sale.name, n=Count()).sort(n=-1)
    assert_type(pipeline, PipelineBuilder[dict[str, Any]])
    assert_type(pipeline.limit(5).set(twice=F.n * 2).sample(3), PipelineBuilder[dict[str, Any]])
    assert_type(pipeline.count(), Operation[int])
    assert_type(pipeline.count("n"), PipelineBuilder[dict[str, Any]])


async def rows() -> None:
    pipeline = Sale.pipeline().group(by=Sale.name, n=Count())
    assert_type(await pipeline.to_list(), list[dict[str, Any]])
    typed = pipeline.output(Row)
    assert_type(await typed, list[Row])
    assert_type(await typed.match(F.n > 1).sort(n=-1).first(), Row | None)


def refused() -> None:
    Sale.pipeline().limit("5")  # error
    Sale.pipeline().sample()  # error
    Sale.pipeline().unwind(Sale.name, keep=True)  # error
    Sale.pipeline().sample(3).grup(by=None)  # error
