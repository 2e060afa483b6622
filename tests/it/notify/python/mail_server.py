"""A mail server for tests: python mail_server.py MODE FOLDER [USER PASSWORD]

MODE is plain, starttls or tls. Prints its port, and then each email that it took as one line of JSON. It takes nothing
for nobody@ (550) and nothing yet for busy@ (451). With TLS it makes an authority of its own in FOLDER/ca.pem.
"""

import asyncio
import datetime
import email
import email.policy
import ipaddress
import json
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult


class Mailbox:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        if address.startswith("busy@"):
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        told = {
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in read.items()},
            "text": read.get_body().get_content(),
            "files": {part.get_filename(): part.get_content().decode() for part in read.iter_attachments()},
            "tls": session.ssl is not None or sys.argv[1] == "tls",
            "user": session.auth_data.decode() if session.auth_data else None,
        }
        print(json.dumps(told), flush=True)
        return "250 taken"


def certificate(folder):
    """A certificate for 127.0.0.1, of an authority that nobody else trusts."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)

    def signed(name, key, issuer, issuer_key, is_authority):
        named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issued_by = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)])
        builder = x509.CertificateBuilder(issued_by, named, key.public_key(), x509.random_serial_number(), now - day, now + day)
        builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        if not is_authority:
            names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    def pem(certificate):
        return certificate.public_bytes(serialization.Encoding.PEM)

    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    (folder / "ca.pem").write_bytes(pem(signed("test authority", authority, "test authority", authority, True)))
    (folder / "server.pem").write_bytes(pem(signed("test server", server, "test authority", authority, False)))
    (folder / "server.key").write_bytes(
        server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


async def main():
    mode, folder, *login = sys.argv[1:]
    tls = None if mode == "plain" else certificate(Path(folder))
    options = {}
    if mode == "starttls":
        options.update(tls_context=tls, require_starttls=True)
    if login:

        def authenticate(server, session, envelope, mechanism, data):
            right = data.login == login[0].encode() and data.password == login[1].encode()
            # The server keeps what is given here for the session.
            return AuthResult(success=right, handled=False, auth_data=data.login)

        options.update(authenticator=authenticate, auth_required=True, auth_require_tls=mode == "starttls")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Mailbox(), loop=loop, **options), "127.0.0.1", 0, ssl=tls if mode == "tls" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
