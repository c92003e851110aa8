"""Keep a key pair in a session of the chip, over a loss of power."""

import time
from pathlib import Path

import optiga
from optiga.protocol.metadata_words import parse_metadata_words

secret = b"the words at the door"
Path("door.secret").write_bytes(secret)
with optiga.open_chip("emulator:chip") as chip:
    chip.write(0xF1D6, secret)
    chip.write(0xF1D7, b"behind the door")
    words = ("type: authorization_reference", "execute: always", "read: never")
    chip.write_metadata(0xF1D6, parse_metadata_words(words))
    chip.write_metadata(0xF1D7, parse_metadata_words(("read: auto 0xF1D6",)))
    chip.toolbox.authorize(0xF1D6, secret)
    key = chip.generate_key(0xE100, "secp256r1")
    Path("session.spki").write_bytes(key.public_key_info)
    while chip.read(0xE0C5) != b"\x00":
        time.sleep(1)
    Path("handle").write_bytes(chip.hibernate())
