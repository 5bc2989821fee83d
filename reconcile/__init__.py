"""The business rules, pure: standard library only; no I/O, clock, randomness or logging (house.md)."""
