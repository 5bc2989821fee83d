"""Random histories of people and faults over both emulators, with real passes; see `__main__.py` for how to run them."""
