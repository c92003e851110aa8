"""Export and import of a complete chip: all objects and metadata, in the JSON format of Infineon's ``optigatrust``."""
