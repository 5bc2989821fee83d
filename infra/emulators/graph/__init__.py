"""The Microsoft Graph emulator. What it knows is listed, with its sources, in ../FIDELITY.md."""
