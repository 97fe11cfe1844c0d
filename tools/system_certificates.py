"""Prints the file with the certificate authorities that this machine trusts, or nothing where it has none.

Standard library only: it runs before anything is installed. pip before 24.2, which CPython 3.11 and 3.12 bring along,
knows only the authorities it carries itself."""

import ssl
from collections.abc import Iterable
from pathlib import Path

# Where distributions keep it, for a Python whose OpenSSL was built to look elsewhere.
USUAL = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def first_bundle(candidates: Iterable[str | None]) -> str:
    """The first of the files that is there and has a certificate in it."""
    for candidate in candidates:
        try:
            if candidate and b"BEGIN CERTIFICATE" in Path(candidate).read_bytes():
                return candidate
        except OSError:
            continue
    return ""


if __name__ == "__main__":
    print(first_bundle((ssl.get_default_verify_paths().cafile, *USUAL)))
