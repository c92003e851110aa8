"""Provision chips with your own CA and without a cloud: key pair, CSR, certificate, proof, journal.

Run it with ``python docs/examples/own_ca.py CA CONFIG PORT [PORT ...]``. An interrupted run continues.
If the key of the CA is encrypted, its passphrase is in the environment variable ``OPTIGA_CA_PASSPHRASE``.
"""

import argparse
import os
import sys

import optiga


def main(ca: str, config_path: str, ports: list[str]) -> None:
    configuration = optiga.load_configuration(config_path)
    job = optiga.Job.new_identity(configuration, optiga.CaIssuerSpec(ca), thing=None)
    authority = optiga.open_ca(ca, passphrase=os.environ.get("OPTIGA_CA_PASSPHRASE") or None)
    with optiga.open_journal("personalization.db", make=True) as journal:
        services = optiga.Services(journal=journal, authority=authority)
        for port in ports:
            with optiga.open_chip(port) as chip:
                done = optiga.provision(job, services, chip)
            print(f"{port}: chip {done.uid}: {done.certificate_file}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ca")
    parser.add_argument("config")
    parser.add_argument("port", nargs="+")
    arguments = parser.parse_args()
    try:
        main(arguments.ca, arguments.config, arguments.port)
    except optiga.OptigaError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
