"""Tests about documents: generated ones are up to date, and what the written ones say is there."""
