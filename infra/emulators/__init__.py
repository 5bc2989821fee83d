"""Emulators of the two remote systems: Microsoft Graph and Sage X3. See FIDELITY.md."""
