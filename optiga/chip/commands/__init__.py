"""The chip's commands as typed values, one module each; a module is loaded where its command is used."""
