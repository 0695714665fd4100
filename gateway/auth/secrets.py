"""Encryption at rest and message authentication, all from one secret: CROSSWALK_SECRET_KEY.

Each purpose ("emr-credential", "signing-key", "paging" …) has a key of its own, derived by HKDF-SHA256 (RFC 5869)
with the purpose as `info`: what was sealed for one purpose does not open for another. Sealing is AES-256-GCM, and the
text is `v1.<key mark>.<nonce and ciphertext>`; `about` (the row it belongs to) is authenticated too, so that a sealed
value copied into another row does not open there.

Rotation: the variable may hold several secrets separated by white space. The first one seals; all of them open, found
by the key mark. Re-seal, then drop the old secret.
"""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.faults import Misconfigured
from gateway.settings import Settings

Random = Callable[[int], bytes]

VERSION = "v1"
NONCE_BYTES = 12
SHORT = 16
"""A secret with fewer characters than this is guessable; it works, and the log says so."""
KEY_FILE = "secret.key"


class SecretBox:
    """Seals and opens small secrets, and derives keys for other uses. Its repr shows nothing."""

    def __init__(self, secret_keys: Sequence[str], random: Random = os.urandom) -> None:
        if not secret_keys:
            raise Misconfigured("CROSSWALK_SECRET_KEY is empty; set it to a long random text")
        self._secrets = {_derive(secret, "key-mark", 4).hex(): secret for secret in secret_keys}
        self._current = next(iter(self._secrets))
        self._random = random

    def seal(self, purpose: str, plain: bytes, about: str = "") -> str:
        nonce = self._random(NONCE_BYTES)
        sealed = nonce + self._cipher(self._current, purpose).encrypt(nonce, plain, about.encode())
        return f"{VERSION}.{self._current}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, purpose: str, sealed: str, about: str = "") -> bytes:
        mark, data = self._split(sealed)
        try:
            return self._cipher(mark, purpose).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError):
            raise Misconfigured("A stored secret was altered or moved and cannot be opened; set it again") from None

    def mac_key(self, purpose: str) -> bytes:
        """32 bytes for HMAC-SHA256, e.g. over paging tokens."""
        return _derive(self._secrets[self._current], f"mac:{purpose}", 32)

    def is_current(self, sealed: str) -> bool:
        """False when the value waits to be sealed again with the newest secret."""
        return sealed.startswith(f"{VERSION}.{self._current}.")

    def _split(self, sealed: str) -> tuple[str, bytes]:
        version, _, rest = sealed.partition(".")
        mark, _, data = rest.partition(".")
        if version != VERSION or mark not in self._secrets:
            raise Misconfigured(
                "A stored secret was sealed with another CROSSWALK_SECRET_KEY; add the old one behind it"
            )
        try:
            return mark, base64.urlsafe_b64decode(data)
        except ValueError:
            raise Misconfigured("A stored secret is damaged; set it again") from None

    def _cipher(self, mark: str, purpose: str) -> AESGCM:
        return AESGCM(_derive(self._secrets[mark], f"seal:{purpose}", 32))


def _derive(secret: str, info: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"crosswalk/{VERSION}/{info}".encode()).derive(secret.encode())


def load_secret_box(settings: Settings, data_dir: Path, random: Random = os.urandom) -> SecretBox:
    """The box of the configured secret, or of one generated once under `data_dir`, for loopback use."""
    return SecretBox(load_secret_key(settings, data_dir).split(), random)


def load_secret_key(settings: Settings, data_dir: Path) -> str:
    if settings.secret_key is None:
        return _generated(data_dir / KEY_FILE)
    if any(len(secret) < SHORT for secret in settings.secret_key.split()):
        structlog.get_logger(__name__).warning("secret_key_short", wanted=f"{SHORT} characters or more")
    return settings.secret_key


def _generated(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(32))
    return path.read_text("ascii").strip()


def _write_once(path: Path, text: str) -> None:
    """Appear complete or not at all, readable by the owner only; the first of several processes wins."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(name)
    finally:
        Path(name).unlink()
