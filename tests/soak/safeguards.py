"""`python -m tests.soak.safeguards`: each safeguard taken away in turn (mutants.py); the soak must find its absence.

A history counts only if it fails without the safeguard and is clean with it. The exit code is 1 if a mutant survives MOST
histories.
"""

from __future__ import annotations

import re
import subprocess
import sys

from tests.soak.mutants import MUTANTS

MOST = 60  # histories
_LAST = re.compile(r"histories=(\d+) seeds=\d+\.\.(\d+) ")


def found(mutant: str, most: int = MOST) -> int | None:
    """The seed of a history that fails for want of this safeguard alone; None if none of `most` does."""
    seed = 1
    while seed <= most:
        code, last = _played(mutant, "--seed", str(seed), "--histories", str(most - seed + 1), "--until-found")
        if code == 0:
            return None
        code, _ = _played(mutant, "--intact", "--seed", str(last))
        if code == 0:
            return last
        seed = last + 1
    return None


def _played(mutant: str, *words: str) -> tuple[int, int]:
    """Exit code and last seed of a soak in a process of its own, which the mutant does not leave. Raises RuntimeError for
    one that broke off."""
    command = [sys.executable, "-m", "tests.soak", "--mutate", mutant, *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = told.stdout.strip().splitlines()
    ended = _LAST.match(lines[-1]) if lines else None
    if ended is None:
        raise RuntimeError(f"{' '.join(command)} broke off:\n{told.stderr}")
    return told.returncode, int(ended[2])


def main() -> int:
    """All of them."""
    survived = False
    for mutant in MUTANTS:
        seed = found(mutant)
        survived |= seed is None
        print(f"without {mutant}: " + (f"seed {seed} fails" if seed else f"nothing in {MOST} histories"), flush=True)
    return int(survived)


if __name__ == "__main__":
    sys.exit(main())
