"""A CSR or a certificate write as a user of Infineon's library writes it. Run by ``run.py``.

python optigatrust_job.py csr | write CERTIFICATE
"""

import os
import sys
from pathlib import Path

from optigatrust import _backend

_backend._scan_com_ports = lambda: True  # a pseudo terminal is no USB device
if interface := os.environ.get("OPTIGATRUST_INTERFACE"):
    _backend.get_handler(interface)

from optigatrust import crypto, csr, objects

SUBJECT = {
    "country_name": "DE",
    "state_or_province_name": "Bayern",
    "organization_name": "Infineon Technologies AG",
    "common_name": "OPTIGA(TM) Trust IoT",
}

if sys.argv[1] == "csr":
    key = objects.ECCKey(0xE0F1)
    public_key, _ = crypto.generate_pair(key, curve="secp256r1", key_usage=["authentication", "key_agreement"])
    request = csr.CSRBuilder(SUBJECT, public_key).build(key)
    Path("request.csr").write_bytes(csr.pem_armor_csr(request))
else:
    objects.X509(0xE0E1).pem = Path(sys.argv[2]).read_text()
