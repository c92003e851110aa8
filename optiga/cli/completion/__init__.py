"""What a shell offers at Tab: the words of a line, what fits there, and the scripts of the shells."""
