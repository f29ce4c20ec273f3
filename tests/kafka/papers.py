"""Certificates for the broker of the tests and those who speak to it, as PEM files in a folder: an authority, a server, a client."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

FROM, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)


def make_papers(folder: Path, host: str) -> None:
    """Writes `authority.pem`, `server.pem` and `client.pem` (each key and certificate), `client-key.pem` and `client-certificate.pem`."""
    root = ec.generate_private_key(ec.SECP256R1())
    name = _name("authority")
    authority = _unsigned(name, name, root.public_key()).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    (folder / "authority.pem").write_bytes(authority.sign(root, hashes.SHA256()).public_bytes(Encoding.PEM))
    for who in ("server", "client"):
        key = ec.generate_private_key(ec.SECP256R1())
        paper = _unsigned(_name(who), name, key.public_key())
        paper = paper.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        shown = paper.sign(root, hashes.SHA256()).public_bytes(Encoding.PEM)
        kept = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{who}.pem").write_bytes(kept + shown)
        (folder / f"{who}-key.pem").write_bytes(kept)
        (folder / f"{who}-certificate.pem").write_bytes(shown)


def _name(who: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])


def _unsigned(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    blank = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return blank.serial_number(x509.random_serial_number()).not_valid_before(FROM).not_valid_after(UNTIL)
