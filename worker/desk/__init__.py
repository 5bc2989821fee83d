"""What a person asks for and does, whoever asks: the command line and the console call the same functions.

Questions answer frozen values that are the rows of contract.md's documents. What is done by hand is stored first and then
carried out by an ordinary pass, so every rule holds for it too; a busy lease only delays it.
"""

from worker.desk.amend import fix, restore
from worker.desk.forced import Request, after_slice, ask_forced, forced_of, is_asked, next_forced, request_of, stop_forced
from worker.desk.history import Why, find_item, report_of, why
from worker.desk.lines import HeldRow, ProblemRow, held_rows, held_versions, problem_rows, reject, release, retry
from worker.desk.passes import (
    NotActive,
    Unfit,
    everyone,
    find_user,
    mark_dirty,
    mark_items,
    pass_or_pause,
    passes_of,
)
from worker.desk.waiting import Waiting, pending

__all__ = [
    "HeldRow",
    "NotActive",
    "ProblemRow",
    "Request",
    "Unfit",
    "Waiting",
    "Why",
    "after_slice",
    "ask_forced",
    "everyone",
    "find_item",
    "find_user",
    "fix",
    "forced_of",
    "held_rows",
    "held_versions",
    "is_asked",
    "mark_dirty",
    "mark_items",
    "next_forced",
    "pass_or_pause",
    "passes_of",
    "pending",
    "problem_rows",
    "reject",
    "release",
    "report_of",
    "request_of",
    "restore",
    "retry",
    "stop_forced",
    "why",
]
