"""Make a CSR on each of several boards at once, a thread each.

Run it with ``python docs/examples/many_boards.py CONFIG PORT [PORT ...]``.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

import optiga


def personalize(port: str, configuration: optiga.Configuration) -> str:
    """One board; what to report of it."""
    try:
        with optiga.open_chip(port) as chip:
            csr = optiga.csr(chip, configuration)
            return f"{port}: chip {chip.uid.hex}: {csr.save()}"
    except optiga.OptigaError as error:
        return f"{port}: failed: {error}"


def main(config_path: str, ports: list[str]) -> None:
    configuration = optiga.load_configuration(config_path)
    with ThreadPoolExecutor(max_workers=len(ports)) as pool:
        for line in pool.map(lambda port: personalize(port, configuration), ports):
            print(line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("port", nargs="+")
    arguments = parser.parse_args()
    try:
        main(arguments.config, arguments.port)
    except optiga.OptigaError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
