"""A mail server that nobody of this project wrote (aiosmtpd): prints its port, then each letter that it took as a line of JSON.

    mail.py CERTIFICATE KEY USER PASSWORD

It takes letters over STARTTLS from whoever signs in, and none for an address that begins with `nobody`. Whoever signs in
with another password is a line too.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        taken = {
            "tls": session.ssl is not None,
            "from": letter["from"],
            "to": envelope.rcpt_tos,
            "subject": letter["subject"],
            "id": letter["message-id"],
            "text": letter.get_content(),
        }
        print(json.dumps(taken), flush=True)
        return "250 taken"


async def main():
    certificate, key, user, password = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def authenticate(server, session, envelope, mechanism, data):
        is_right = (data.login, data.password) == (user.encode(), password.encode())
        if not is_right:
            print(json.dumps({"turned_away": data.login.decode()}), flush=True)
        return AuthResult(success=is_right)

    def session():
        return SMTP(
            Handler(),
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        )

    # The system chooses the port.
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
