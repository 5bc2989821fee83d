"""What all processes together may ask of the two sides: calls of X3 at once, and parts in ten minutes for a mailbox.

Counted in Redis or Valkey where a broker is configured, else within this process (the command line alone). A broker that
is away never stops a pass: the process then keeps to the limits by itself, and says so once.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from worker.log import logger

PARTS = 9_000  # Graph's own limit is 10,000 in ten minutes for an application and a mailbox (graph.md, 4.1)
WINDOW_SECONDS = 600
SLOT_SECONDS = 10
X3_PLACE_SECONDS = 30.0  # added to the longest call: after that a place of a process that died is free again

# Places are a sorted set: holder -> when his place ends by the server's clock, of which there is one.
_TAKE_PLACE = """
local now = redis.call('TIME')
local at = now[1] + now[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], at + ARGV[3], ARGV[1])
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[3]))
return 1
"""

# Slots of ten seconds, summed over the window: no ten minutes whatsoever hold more than the limit. Answers the
# milliseconds to wait, 0 when the parts are counted.
_COUNT_PARTS = """
local now = redis.call('TIME')
local slot = math.floor(now[1] / ARGV[4])
local oldest = slot - ARGV[3] / ARGV[4]
local sum, first = 0, nil
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local at = tonumber(all[i])
  if at < oldest then redis.call('HDEL', KEYS[1], all[i])
  else
    sum = sum + all[i + 1]
    if first == nil or at < first then first = at end
  end
end
if sum > 0 and sum + ARGV[1] > tonumber(ARGV[2]) then
  return math.ceil(((first + 1) * ARGV[4] + ARGV[3] - now[1]) * 1000)
end
redis.call('HINCRBY', KEYS[1], slot, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3] + 2 * ARGV[4])
return 0
"""


class OwnParts:
    """The same count within one process. `monotonic` in seconds."""

    def __init__(self, parts: int, window: float, monotonic: Callable[[], float]) -> None:
        self._parts, self._window, self._monotonic = parts, window, monotonic
        self._sent: dict[str, deque[tuple[float, int]]] = {}

    def wait(self, mailbox: str, parts: int) -> float:
        """Seconds to wait before asking again; 0.0 when the parts are counted and may be sent."""
        now = self._monotonic()
        sent = self._sent.setdefault(mailbox, deque())
        while sent and sent[0][0] <= now - self._window:
            sent.popleft()
        if sent and sum(count for _, count in sent) + parts > self._parts:
            return sent[0][0] + self._window - now
        # Requests of one second are one entry, so that the sum stays short.
        if sent and now - sent[-1][0] < 1.0:
            sent[-1] = (sent[-1][0], sent[-1][1] + parts)
        else:
            sent.append((now, parts))
        return 0.0


@dataclass(slots=True, kw_only=True)
class Limits:
    """The limits of one process and one event loop. `redis` is None for this process alone; `scope` names the
    installation in the keys, so that several may share a server; `call_seconds` is the longest an X3 call may take."""

    monotonic: Callable[[], float]
    x3_calls: int
    call_seconds: float
    scope: str = ""
    redis: Redis | None = None
    parts: int = PARTS
    grace_seconds: float = X3_PLACE_SECONDS
    _own: OwnParts = field(init=False)
    _said: bool = False

    def __post_init__(self) -> None:
        self._own = OwnParts(self.parts, float(WINDOW_SECONDS), self.monotonic)

    @classmethod
    def connect(
        cls, redis_url: str, *, scope: str, x3_calls: int, call_seconds: float, monotonic: Callable[[], float]
    ) -> Limits:
        """Limits shared through the server at `redis_url`, or this process's own when it is blank. Nothing is sent yet."""
        redis = Redis.from_url(redis_url, socket_connect_timeout=5, socket_timeout=5) if redis_url else None
        return cls(monotonic=monotonic, x3_calls=x3_calls, call_seconds=call_seconds, scope=_named(scope), redis=redis)

    async def aclose(self) -> None:
        """Close the connections to the server."""
        if self.redis is not None:
            await self.redis.aclose()

    # ------------------------------------------------------------------------------------- Graph: parts

    async def pace(self, mailbox: str, parts: int) -> bool:
        """Wait until `parts` more requests fit into the mailbox's ten minutes, and count them; answers whether it waited.
        What the hook of `Graph.view` calls."""
        if not mailbox:
            return False
        waited, wait = False, await self._wait_for(mailbox, parts)
        while wait > 0:
            waited = True
            await asyncio.sleep(min(wait, float(SLOT_SECONDS)))
            wait = await self._wait_for(mailbox, parts)
        return waited

    async def _wait_for(self, mailbox: str, parts: int) -> float:
        if self.redis is not None:
            try:
                key = self._key(f"parts:{mailbox}")
                return await _eval(self.redis, _COUNT_PARTS, key, parts, self.parts, WINDOW_SECONDS, SLOT_SECONDS) / 1000
            except RedisError as away:
                self._alone(away)
        return self._own.wait(mailbox, parts)

    # ------------------------------------------------------------------------------------ X3: calls at once

    @asynccontextmanager
    async def x3_call(self) -> AsyncIterator[None]:
        """A place among the calls that X3 gets at once, over all processes. A hook of `X3.connect`, which keeps this
        process within the pool's size by itself."""
        if self.redis is None:
            yield
            return
        place = uuid.uuid4().hex
        try:
            # Inside, so that a place whose answer a cancelled call never saw is given back too.
            await self._take_place(self.redis, place)
            yield
        finally:
            await self._give_place(self.redis, place)

    async def _take_place(self, redis: Redis, place: str) -> None:
        seconds, pause = self.call_seconds + self.grace_seconds, 0.004
        try:
            while not await _eval(redis, _TAKE_PLACE, self._key("x3"), place, self.x3_calls, seconds):
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, 0.1)
        except RedisError as away:
            self._alone(away)

    async def _give_place(self, redis: Redis, place: str) -> None:
        try:
            await redis.zrem(self._key("x3"), place)
        except RedisError as away:
            self._alone(away)

    def _alone(self, away: RedisError) -> None:
        if not self._said:
            self._said = True
            logger().warning("limits_not_shared", error=type(away).__name__)

    def _key(self, name: str) -> str:
        return f"x3sync:{self.scope}:{name}"


async def _eval(redis: Redis, script: str, key: str, *values: str | float) -> int:
    answer: Any = redis.eval(script, 1, key, *(str(value) for value in values))
    return int(await answer)


# ------------------------------------------------------------------------------------------ messages


# What is held waits whatever the queue holds. While the queue is empty a turn is taken anew: its message has arrived a
# moment ago, or somebody emptied the queue.
_TAKE_TURN = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
if redis.call('EXISTS', KEYS[1]) == 1 and (KEYS[3] == '' or redis.call('LLEN', KEYS[3]) > 0) then return 0 end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 1
"""


@dataclass(frozen=True, slots=True)
class Turns:
    """At most one message per user, or of one name, waits in the broker: a mark every few seconds must not heap up passes
    that have nothing left to do. Losing this memory costs a superfluous message, nothing else. `queue` is where the
    messages wait; blank where that is not known."""

    redis: SyncRedis
    scope: str
    queue: str = ""

    @classmethod
    def connect(cls, redis_url: str, scope: str, queue: str = "") -> Turns:
        """Kept on the broker's server. Nothing is sent yet."""
        return cls(SyncRedis.from_url(redis_url, socket_connect_timeout=5, socket_timeout=5), _named(scope), queue)

    def take(self, whose: int | str, seconds: float) -> bool:
        """Whether no message for the user waits; from now on one does, for at most `seconds`."""
        keys = self._key(whose), self._held(whose), self.queue
        try:
            return bool(self.redis.eval(_TAKE_TURN, len(keys), *keys, str(int(seconds * 1000))))
        except RedisError:
            return True

    def hold(self, whose: int | str, seconds: float) -> None:
        """Nobody sends for so many seconds: a message waits for a better time, or there is none."""
        with suppress(RedisError):
            self.redis.set(self._held(whose), "1", px=max(1, int(seconds * 1000)))

    def held(self, whose: int | str) -> bool:
        """Whether these seconds are not over yet."""
        try:
            return bool(self.redis.exists(self._held(whose)))
        except RedisError:
            return False

    def give(self, whose: int | str) -> None:
        """The message has arrived."""
        with suppress(RedisError):
            self.redis.delete(self._key(whose), self._held(whose))

    def begin(self, name: str, seconds: float) -> bool:
        """Whether nobody is at this now; from now on somebody is, until `end`, for at most `seconds`."""
        try:
            return bool(self.redis.set(self._running(name), "1", nx=True, px=int(seconds * 1000)))
        except RedisError:
            return True

    def end(self, name: str) -> None:
        """It is done, or has failed."""
        with suppress(RedisError):
            self.redis.delete(self._running(name))

    def alive(self) -> bool:
        """Whether the server answers."""
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def close(self) -> None:
        """Close the connections."""
        self.redis.close()

    def _key(self, whose: int | str) -> str:
        return f"x3sync:{self.scope}:asked:{whose}"

    def _running(self, name: str) -> str:
        return f"x3sync:{self.scope}:running:{name}"

    def _held(self, whose: int | str) -> str:
        return f"x3sync:{self.scope}:held:{whose}"


def _named(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:12]
