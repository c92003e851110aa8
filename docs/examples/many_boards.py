"""Make a CSR on each of several boards at once, a thread each.

Run it with ``python docs/examples/many_boards.py CONFIG PORT [PORT ...]``.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

import optiga


def personalize(port: str, configuration: optiga.Configuration) -> tuple[str, int]:
    """One board; what to report of it, and the exit code for it."""
    try:
        with optiga.open_chip(port) as chip:
            csr = optiga.csr(chip, configuration)
            return f"{port}: chip {chip.uid.hex}: {csr.save()}", 0
    except optiga.OptigaError as error:
        return f"{port}: failed: {error}", error.exit_code


def main(config_path: str, ports: list[str]) -> int:
    """Every board; the exit code of the first that failed, 0 if none did."""
    configuration = optiga.load_configuration(config_path)
    with ThreadPoolExecutor(max_workers=len(ports)) as pool:
        done = list(pool.map(lambda port: personalize(port, configuration), ports))
    for line, _ in done:
        print(line)
    return next((code for _, code in done if code), 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("port", nargs="+")
    arguments = parser.parse_args()
    try:
        sys.exit(main(arguments.config, arguments.port))
    except optiga.OptigaError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
