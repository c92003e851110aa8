"""Make a CSR on each of several boards at once, a thread each.

Run it with ``python docs/examples/many_boards.py CONFIG PORT [PORT ...]``.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optiga
from optiga.files.files import write_whole
from optiga.identity.configuration import Configuration, load_configuration
from optiga.identity.csr import create_csr


def personalize(port: str, configuration: Configuration) -> str:
    """One board; what to report of it."""
    try:
        with optiga.open_chip(port) as chip:
            csr = create_csr(chip, configuration)
            write_whole(Path(csr.filename), csr.pem.encode())
            return f"{port}: chip {chip.uid.hex}: {csr.filename}"
    except optiga.OptigaError as error:
        return f"{port}: failed: {error}"


def main(config_path: str, ports: list[str]) -> None:
    configuration = load_configuration(Path(config_path))
    with ThreadPoolExecutor(max_workers=len(ports)) as pool:
        for line in pool.map(lambda port: personalize(port, configuration), ports):
            print(line)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
