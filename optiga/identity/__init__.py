"""The identity of a chip: configuration, key pair, CSR, certificate, and the proof that key and certificate match."""
