"""Your own certification authority: a folder with its certificate, its key and a record of all issued certificates."""
