"""Files through the chip: random, hashes, ciphers, signatures, and the secrets that they need."""
