"""A small OpenID provider and its tokens against the server: openid_provider.py CHECKS ISSUER-PORT URL

It publishes an RSA and an EC key, signs tokens with an independent library, and shows the server good ones
and bad ones.
"""

import asyncio
import base64
import hmac
import http.server
import json
import sys
import threading
import time

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def part(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def number(value, length):
    return part(value.to_bytes(length, "big"))


def keys():
    n, point = RSA.public_key().public_numbers(), EC.public_key().public_numbers()
    return {"keys": [
        {"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": number(n.n, 256), "e": number(n.e, 3)},
        {"kty": "EC", "kid": "ec", "use": "sig", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)},
    ]}


def publish(port):
    issuer = f"http://127.0.0.1:{port}"
    pages = {
        "/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{issuer}/keys"},
        "/keys": keys(),
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path)
            body = json.dumps(page).encode()
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return issuer


async def main():
    checks, port, url = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    issuer = publish(port)
    now = int(time.time())
    good = {"iss": issuer, "aud": url, "sub": "u1", "iat": now, "exp": now + 60, "scope": "openid odoo:read"}
    numbers = json.dumps(keys()["keys"][0])

    def token(claims=None, key=RSA, algorithm="RS256", kid="rsa", **more):
        return jwt.encode(good | (claims or {}), key, algorithm=algorithm, headers={"kid": kid} | more)

    async def status(shown):
        async with httpx2.AsyncClient() as client:
            answer = await client.post(url, headers={"Authorization": f"Bearer {shown}"}, json={})
            return answer.status_code

    async def tools(shown):
        client = create_mcp_http_client(headers={"Authorization": f"Bearer {shown}"})
        async with Client(streamable_http_client(url, http_client=client), mode="auto") as session:
            return [tool.name for tool in (await session.list_tools()).tools]

    async def accepted():
        # Those that only read: the token is good for no more.
        wanted = [name for name in json.load(open(checks))["tools"] if name != "odoo_write"]
        assert await tools(token()) == wanted
        assert await tools(token(key=EC, algorithm="ES256", kid="ec")) == wanted

    async def refused():
        # The public key as if it were a secret, which the library itself refuses to do.
        head, body = (part(json.dumps(one).encode()) for one in ({"alg": "HS256", "kid": "rsa"}, good))
        mac = hmac.new(numbers.encode(), f"{head}.{body}".encode(), "sha256").digest()
        with_secret = f"{head}.{body}.{part(mac)}"
        unsigned = jwt.encode(good, None, algorithm="none")
        for name, shown in {
            "another audience": token({"aud": "https://other.example.com/mcp"}),
            "no audience": token({"aud": None}),
            "another issuer": token({"iss": "https://evil.example"}),
            "expired": token({"exp": now - 3600}),
            "not yet": token({"nbf": now + 3600}),
            "another key": token(key=OTHER),
            "another name of a key": token(kid="ec"),
            "an unknown key": token(kid="unknown"),
            "a key along with it": token(key=OTHER, jwk=json.loads(numbers)),
            "a secret": with_secret,
            "no signature": unsigned,
            "another algorithm": token(algorithm="RS512"),
            "an identity token": token({"at_hash": "x"}),
            "no user": token({"sub": ""}),
            "cut off": token()[:-10],
        }.items():
            assert await status(shown) == 401, name

    failed = 0
    for name, check in (("good tokens", accepted), ("bad tokens", refused)):
        try:
            await asyncio.wait_for(check(), 120)
            print(f"ok     OpenID provider, {name}")
        except BaseException as error:
            failed += 1
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            print(f"FAILED OpenID provider, {name}: {type(error).__name__}: {error}")
    sys.exit(1 if failed else 0)


asyncio.run(main())
