"""A certification authority of one's own: a folder with its certificate, its key and all that it has issued."""
