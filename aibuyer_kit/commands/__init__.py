"""Groups of commands of the command line, one module each; every command calls one workflow."""
