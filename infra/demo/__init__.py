"""The demonstration: the product and two emulated worlds, driven only from outside (command line, HTTP, SOAP)."""
