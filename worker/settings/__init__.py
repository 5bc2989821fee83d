"""The settings: environment variables (or a `.env` file) with the prefix X3SYNC_, nested by `__`.

Nothing is read on import; `load` reads and checks everything and reports all problems at once.
"""

from worker.settings.load import SettingProblem, SettingsProblem, described, load
from worker.settings.tree import LogFormat, Settings, SignIn, SilentProperties

__all__ = [
    "LogFormat",
    "SettingProblem",
    "Settings",
    "SettingsProblem",
    "SignIn",
    "SilentProperties",
    "described",
    "load",
]
