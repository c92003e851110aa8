"""What a chip calculates: random bytes, hashes, AES, RSA."""
