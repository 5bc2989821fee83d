"""The web service: Graph's webhook, health, metrics, and what the console will use."""
