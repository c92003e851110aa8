"""The subcommands, in a folder for each of their groups."""
