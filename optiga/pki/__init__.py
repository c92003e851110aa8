"""X.509 without a chip: certificates, extensions, names, PEM, public keys."""
