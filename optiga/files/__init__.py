"""Reading and writing files: completely or not at all, and locked while they are written."""
