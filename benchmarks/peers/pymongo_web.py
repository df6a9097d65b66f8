"""PyMongo's dicts: read by a response model, as FastAPI's guide says, or written to JSON as they are."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from pydantic_core import to_json

from .peer import BATCH
from .pymongo_peer import PyMongoPeer
from .web_peer import WebPeer, joined


class Address(BaseModel):
    street: str
    city: str
    code: str


class Person(BaseModel):
    id: int = Field(alias="_id")
    name: str
    email: str
    age: int
    score: float
    active: bool
    created: datetime
    address: Address
    tags: list[str]


class PyMongoReturned(WebPeer):
    label = "PyMongo async, models"
    streamed = None

    async def setup(self, uri: str, database: str) -> None:
        self._library = PyMongoPeer()
        await self._library.setup(uri, database)
        self._answer()

    def _answer(self) -> None:
        @self.app.get("/people", response_model=list[Person])
        async def people(count: int) -> object:
            return await self._library.find(count)

    async def close(self) -> None:
        await self._library.close()


class PyMongoWritten(PyMongoReturned):
    label = "PyMongo async, dicts to_json()"
    streamed = WebPeer.streamed

    def _answer(self) -> None:
        @self.app.get("/people")
        async def people(count: int) -> Response:
            return Response(to_json(await self._library.find(count)), media_type="application/json")

        @self.app.get("/stream")
        async def stream(count: int) -> StreamingResponse:
            found = self._library.collection.find({"_id": {"$lt": count}}, batch_size=BATCH)
            return StreamingResponse(joined(to_json(each) async for each in found), media_type="application/json")
