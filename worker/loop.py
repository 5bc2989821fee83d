"""One long-lived event loop for a process, in a thread of its own.

Celery's tasks are functions, the adapters are coroutines. A loop per task breaks the SDK's client, whose connections
belong to the loop they were made in ("Event loop is closed"); so all tasks hand their coroutines to this one. It starts on
first use, which is after the worker has forked: a thread does not survive a fork.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_GRACE_SECONDS = 5.0


class Loop:
    """A thread that runs an event loop. Safe to use from any thread but its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0

    def run(self, coroutine: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Run a coroutine on the loop and wait for what it answers or raises.

        After `seconds`, or when the waiting thread is interrupted, the coroutine is cancelled and given five seconds to
        end. Raises TimeoutError, and RuntimeError on the loop's own thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("the loop's own thread must await, not run")
        loop = self._running()
        tasks: list[asyncio.Task[T]] = []
        ended = threading.Event()

        def start() -> None:
            tasks.append(loop.create_task(coroutine))
            tasks[0].add_done_callback(lambda _: ended.set())

        loop.call_soon_threadsafe(start)
        try:
            if not ended.wait(seconds):
                raise TimeoutError(f"not done within {seconds:g} seconds")
        except BaseException:
            loop.call_soon_threadsafe(lambda: tasks[0].cancel())
            ended.wait(_GRACE_SECONDS)
            raise
        return tasks[0].result()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            # A forked child inherits these attributes but not the thread behind them.
            if self._loop is None or self._pid != os.getpid():
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="x3sync-loop", daemon=True)
                self._pid = os.getpid()
                self._thread.start()
            return self._loop

    def close(self) -> None:
        """Cancel what still runs, let it end, and stop. `run` afterwards starts a new loop."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None or self._pid != os.getpid():
            return
        asyncio.run_coroutine_threadsafe(_end_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
