"""`x3sync up`, `worker`, `beat`, `web`: the processes that stay. They are loaded only when they are started."""

from __future__ import annotations

import typer

from worker.cli.frame import settings


def up() -> None:
    """Worker, beat and web in one, with an embedded Valkey unless X3SYNC_REDIS_URL is set."""
    from worker import processes  # it loads Celery and the web service

    raise typer.Exit(processes.run_up(settings()))


def worker() -> None:
    """One process that runs passes, for many machines."""
    from worker import processes  # it loads Celery and the web service

    raise typer.Exit(processes.run_worker(settings()))


def beat() -> None:
    """The process that starts what is due."""
    from worker import processes  # it loads Celery and the web service

    raise typer.Exit(processes.run_beat(settings()))


def web() -> None:
    """The process for notifications and the console."""
    from worker import processes  # it loads Celery and the web service

    raise typer.Exit(processes.run_web(settings()))
