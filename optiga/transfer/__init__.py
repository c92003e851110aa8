"""The whole chip in a file: all its objects and their metadata, in the JSON of Infineon's library ``optigatrust``."""
