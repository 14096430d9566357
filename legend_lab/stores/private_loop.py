"""Owns PrivateLoop: an event loop in a thread of its own, on which work of any other loop or thread can be done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _LenientLoop(asyncio.SelectorEventLoop):
    """A loop that takes reports after its end, which nobody awaits any more, in silence.

    aiosqlite's threads send one when a connection could not be opened, sooner or later, and nothing waits for it.
    The selector loop exists everywhere, and psycopg takes no other on Windows.
    """

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        try:
            return super().call_soon_threadsafe(callback, *args, context=context)
        except RuntimeError:
            if not self.is_closed():
                raise
            return asyncio.Handle(callback, args, self, context)


class PrivateLoop:
    """An event loop that lives as long as its owner wants, whatever becomes of the loops that ask it to work.

    Database connections belong to the loop that made them. `run()` makes a new loop for each call, a notebook's
    kernel has several, a virtual clock has its own; all of them hand their work over here and await the answer.
    Work once begun is always finished, also when the one who asked was cancelled.
    """

    def __init__(self, name: str) -> None:
        self._loop = _LenientLoop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Start `work` on the private loop, in the order of the calls; return the promise of what it gives.

        Raises:
            RuntimeError: the loop was closed.
        """
        if self._loop.is_closed():
            raise RuntimeError("the private loop was closed")
        answer: Future[T] = Future()
        self._loop.call_soon_threadsafe(self._begin, work, answer)
        return answer

    def close(self, last: Callable[[], Awaitable[None]]) -> Future[None]:
        """Finish what was begun, then do `last`, then end the thread and its loop; return the promise of all this."""

        async def finish() -> None:
            others = self._tasks - {asyncio.current_task()}
            await asyncio.gather(*others, return_exceptions=True)
            await last()

        answer = self.submit(finish)
        answer.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._loop.stop))
        return answer

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended, for at most `timeout_s`."""
        self._thread.join(timeout_s)

    def _begin(self, work: Callable[[], Coroutine[Any, Any, T]], answer: Future[T]) -> None:
        async def do() -> None:
            try:
                result = await work()
            except BaseException as error:  # noqa: BLE001 - whoever asked shall have it
                answer.set_exception(error)
            else:
                answer.set_result(result)

        task = self._loop.create_task(do())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()


async def answer_of(promise: Future[T]) -> T:
    """Wait on the running loop for what another thread promised; being cancelled does not cancel the promise."""
    loop = asyncio.get_running_loop()
    arrived = loop.create_future()

    def wake() -> None:
        if not arrived.done():
            arrived.set_result(None)

    def call(_: Future[T]) -> None:
        try:
            loop.call_soon_threadsafe(wake)
        except RuntimeError:  # the loop that asked was closed meanwhile: nobody waits any more
            return

    promise.add_done_callback(call)
    await arrived
    return promise.result()
