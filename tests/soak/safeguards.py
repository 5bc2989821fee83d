"""`python -m tests.soak.safeguards`: each safeguard taken away in turn (mutants.py); the soak must find its absence.

The exit code is 1 if a mutant survives MOST histories.
"""

from __future__ import annotations

import subprocess
import sys

from tests.soak.mutants import MUTANTS

MOST = 60  # histories


def found(mutant: str, most: int = MOST) -> bool:
    """Whether the soak finds it, in a process of its own, which the mutant does not leave."""
    command = [sys.executable, "-m", "tests.soak", "--mutate", mutant, "--histories", str(most), "--until-found"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"without {mutant}: {told.stdout.strip().splitlines()[-1] if told.stdout.strip() else told.stderr}", flush=True)
    return told.returncode == 1 and "histories=" in told.stdout


def main() -> int:
    """All of them."""
    survived = [mutant for mutant in MUTANTS if not found(mutant)]
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
