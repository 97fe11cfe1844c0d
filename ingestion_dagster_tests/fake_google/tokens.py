"""The robot's key file and the token server's side of it: a signed request is checked as Google does."""

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ingestion_dagster_tests.fake_google.faults import Failure, google_error, invalid_grant

AUDIENCE: Final = "https://oauth2.googleapis.com/token"
"""google-auth names Google's own server here, whatever `token_uri` says."""
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SKEW: Final = 300


def new_key() -> rsa.RSAPrivateKey:
    """A fresh RSA key of the size that Google hands out."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def shared_key() -> rsa.RSAPrivateKey:
    """One key for all fakes of this process: making one takes a tenth of a second."""
    return new_key()


@dataclass
class TokenServer:
    """One service account, its key, and the tokens given out for it."""

    email: str
    project: str = "fake-project"
    private: rsa.RSAPrivateKey = field(default_factory=shared_key, repr=False)
    _tokens: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)

    def write_key_file(self, path: Path, token_uri: str) -> None:
        """A key file of the form that Google hands out."""
        pem = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_text(
            json.dumps(
                {
                    "type": "service_account",
                    "project_id": self.project,
                    "private_key_id": secrets.token_hex(20),
                    "private_key": pem.decode(),
                    "client_email": self.email,
                    "client_id": "100000000000000000001",
                    "token_uri": token_uri,
                    "universe_domain": "googleapis.com",
                },
                indent=2,
            )
        )
        path.chmod(0o600)

    def grant(self, form: dict[str, list[str]]) -> Failure | dict[str, Any]:
        """A token for a signed request, or Google's refusal."""
        if form.get("grant_type") != [GRANT] or len(form.get("assertion", [])) != 1:
            return Failure(400, b'{"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}')
        try:
            head, body, signature = form["assertion"][0].split(".")
            header, claims = json.loads(_decode(head)), json.loads(_decode(body))
            self.private.public_key().verify(
                _decode(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (ValueError, InvalidSignature):
            return invalid_grant("Invalid JWT Signature.")
        now = time.time()
        if header.get("alg") != "RS256":
            return invalid_grant("Invalid JWT: only RS256 is supported.")
        if claims.get("iss") != self.email:
            return invalid_grant("Invalid grant: account not found")
        if claims.get("aud") != AUDIENCE:
            return invalid_grant("Invalid JWT: Failed audience check.")
        issued, ends = claims.get("iat", 0), claims.get("exp", 0)
        if ends - issued > 3600 or ends < now - _SKEW or issued > now + _SKEW:
            return invalid_grant(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim."
            )
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes:
            return Failure(
                400, b'{"error": "invalid_scope", "error_description": "Empty or missing scope not allowed."}'
            )
        token = f"ya29.fake-{secrets.token_urlsafe(24)}"
        self._tokens[token] = (now + 3600, scopes)
        return {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}

    def check(self, authorization: str | None, allowed: frozenset[str]) -> Failure | None:
        """What Google answers to a request with this Authorization header, None where it may pass."""
        if not authorization:
            return google_error(
                403,
                "PERMISSION_DENIED",
                "Method doesn't allow unregistered callers (callers without established identity).",
            )
        ends, scopes = self._tokens.get(authorization.removeprefix("Bearer "), (0.0, frozenset()))
        if ends < time.time():
            return google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if not scopes & allowed:
            return google_error(
                403,
                "PERMISSION_DENIED",
                "Request had insufficient authentication scopes.",
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            )
        return None

    def revoke_all(self) -> None:
        """Every token given out becomes invalid."""
        self._tokens.clear()


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
