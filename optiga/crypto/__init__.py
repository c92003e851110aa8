"""Cryptography with the chip for files: random bytes, hashes, ciphers, signatures, shared secrets."""
