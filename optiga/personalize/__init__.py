"""What the tool is for: configuration, CSR, certificates and the slots they belong to, what a chip is.

Functions here take a chip and values and return values; they print nothing and read no command line. Their messages,
though, name its options where one is what to change. Each module is imported where it is used, so that what one command
needs is not paid for by another.
"""
