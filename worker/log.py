"""Log lines: a constant event name and fields. Ids, counts and rule ids; never what an item says (S4)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from worker.settings.tree import LogFormat

# Libraries that log whole requests or SQL with its values at these levels.
_QUIET = ("httpx", "httpcore", "azure", "msal", "sqlalchemy", "urllib3", "alembic", "kombu", "amqp")

# The values of local variables are items.
_WITHOUT_LOCALS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def configure(log_format: LogFormat, level: str, stream: TextIO | None = None) -> None:
    """Set up logging for this process, to stderr: stdout belongs to what commands print."""
    out = stream or sys.stderr
    as_json = log_format is LogFormat.JSON or (log_format is LogFormat.AUTO and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    ending: list[Processor] = (
        [structlog.processors.ExceptionRenderer(_WITHOUT_LOCALS), structlog.processors.JSONRenderer()]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    # What libraries say goes the same way.
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def logger() -> FilteringBoundLogger:
    """The logger: `logger().info("pass_done", writes=3)`."""
    return cast(FilteringBoundLogger, structlog.get_logger())


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Bind fields to every line written inside, also by the tasks awaited there: once a pass, user and pass id."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield
