"""This library's JSON, and its documents in FastAPI's own way."""

from __future__ import annotations

from fastapi import Response
from fastapi.responses import StreamingResponse

from .data_bridge_peer import DataBridgePeer, Person
from .web_peer import WebPeer


class DataBridgeWritten(WebPeer):
    label = "data-bridge, to_json()"

    async def setup(self, uri: str, database: str) -> None:
        self._library = DataBridgePeer()
        await self._library.setup(uri, database)
        self._answer()

    def _answer(self) -> None:
        @self.app.get("/people")
        async def people(count: int) -> Response:
            return Response(await Person.find(Person.id < count).to_json(), media_type="application/json")

        @self.app.get("/stream")
        async def stream(count: int) -> StreamingResponse:
            parts = Person.find(Person.id < count).stream_json()
            return StreamingResponse(parts, media_type="application/json")

    async def close(self) -> None:
        await self._library.close()


class DataBridgeReturned(DataBridgeWritten):
    label = "data-bridge, documents"
    streamed = None

    def _answer(self) -> None:
        @self.app.get("/people")
        async def people(count: int) -> list[Person]:
            return await Person.find(Person.id < count).to_list()
