"""Beanie's documents in FastAPI's own way, and one after another in pydantic's."""

from __future__ import annotations

from fastapi.responses import StreamingResponse

from .beanie_peer import BeaniePeer, Person
from .peer import BATCH
from .web_peer import WebPeer, joined


class BeanieReturned(WebPeer):
    label = "Beanie 2, documents"

    async def setup(self, uri: str, database: str) -> None:
        self._library = BeaniePeer()
        await self._library.setup(uri, database)

        @self.app.get("/people")
        async def people(count: int) -> list[Person]:
            return await Person.find(Person.id < count, batch_size=BATCH).to_list()

        @self.app.get("/stream")
        async def stream(count: int) -> StreamingResponse:
            found = Person.find(Person.id < count, batch_size=BATCH)
            parts = joined(each.model_dump_json(by_alias=True).encode() async for each in found)
            return StreamingResponse(parts, media_type="application/json")

    async def close(self) -> None:
        await self._library.close()
