"""CSR, certificate, provisioning."""
