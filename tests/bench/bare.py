"""The floor of `webhook.py`: the same framework and database, one bare INSERT a request, nothing checked."""

from __future__ import annotations

import os

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool

from worker.state.store import Store

_INSERT = text(
    "INSERT INTO dirty (user_id, stream, item, since, causes, stamp) "
    "VALUES (:user, '', '', CURRENT_TIMESTAMP, 'notification', :stamp)"
)


def main() -> None:
    """Serve at the port of the environment until SIGTERM."""
    store, app = Store.open(os.environ["X3SYNC_DATABASE_URL"]), FastAPI()

    def store_one(user: int) -> None:
        with store.begin() as tx:
            tx.execute(_INSERT, {"user": user, "stamp": str(user)})

    @app.get("/healthz")
    def healthz() -> dict[str, bool]:
        return {"ok": True}

    @app.post("/graph/notifications", status_code=202)
    async def notifications(request: Request) -> Response:
        (notice,) = msgspec.json.decode(await request.body())["value"]
        await run_in_threadpool(store_one, int(notice["subscriptionId"].removeprefix("sub-")))
        return Response(status_code=202)

    port = int(os.environ["X3SYNC_CONSOLE__PORT"])
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
