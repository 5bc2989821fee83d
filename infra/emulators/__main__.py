"""`python -m infra.emulators`: see contract.md, section Emulators."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from infra.emulators.app import Options, run


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and serve. 2 for a seed nobody knows."""
    parser = argparse.ArgumentParser(prog="python -m infra.emulators", description="Emulated Microsoft Graph and Sage X3")
    parser.add_argument("--graph-port", type=int, default=8801, help="0 takes any free port")
    parser.add_argument("--x3-port", type=int, default=8802, help="0 takes any free port")
    parser.add_argument("--seed", default="demo", help="demo, empty or load:MAILBOXES:ITEMS")
    parser.add_argument("--graph-latency-ms", type=float, default=0.0)
    parser.add_argument("--x3-latency-ms", type=float, default=0.0)
    parser.add_argument("--tls-dir", type=Path, help="serve Graph over TLS with a throw-away CA made here")
    parser.add_argument("--x3-tls", action="store_true", help="serve X3 over TLS, too, with the certificate of --tls-dir")
    parser.add_argument("--state-dir", type=Path, help="keep both worlds here, so that a restart continues")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    chosen = parser.parse_args(arguments)
    if chosen.x3_tls and chosen.tls_dir is None:
        parser.error("--x3-tls needs the certificate of --tls-dir")
    try:
        asyncio.run(run(Options(**vars(chosen))))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
