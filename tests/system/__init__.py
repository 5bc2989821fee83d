"""The product as its users meet it: a command line between two emulated servers; nothing of its code is called here."""
