"""The project in ``firmware_project`` is somebody else's: its tests run by themselves, with their own settings."""

collect_ignore = ["firmware_project"]
