"""A small OpenID provider and its tokens against servers: openid_provider.py CHECKS ISSUER-PORT URL OTHER-URL

It publishes an RSA, an EC and an Ed25519 key, signs tokens with an independent library, shows the first server
good ones and bad ones, and the second one tokens that lie about their keys: wrong tokens are counted, and no
server should refuse one only because there were so many before. At last it takes new keys.
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
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
RENEWED = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
# A server asks for keys again after this, and not before.
PAUSE = 31


def part(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def number(value, length):
    return part(value.to_bytes(length, "big"))


def rsa_key(key, kid):
    n = key.public_key().public_numbers()
    return {"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": number(n.n, 256), "e": number(n.e, 3)}


def keys():
    point = EC.public_key().public_numbers()
    raw = ED.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"keys": [
        rsa_key(RSA, "rsa"),
        {"kty": "OKP", "kid": "ed", "use": "sig", "crv": "Ed25519", "x": part(raw)},
        {"kty": "RSA", "kid": "short", "use": "sig", "n": "AQAB", "e": "AQAB"},
        {"kty": "oct", "kid": "secret", "k": part(b"a secret that everybody can read")},
        {"kty": "EC", "kid": "ec", "use": "sig", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)},
    ]}


def publish(port):
    issuer = f"http://127.0.0.1:{port}"
    pages = {
        "/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{issuer}/keys"},
        "/keys": keys(),
        "/evil": {"keys": [rsa_key(OTHER, "evil")]},
    }
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
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
    return issuer, pages, asked


async def main():
    checks, port, url, other_url = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    issuer, pages, asked = publish(port)
    now = int(time.time())
    good = {"iss": issuer, "aud": url, "sub": "u1", "iat": now, "exp": now + 300, "scope": "openid odoo:read"}
    numbers = json.dumps(keys()["keys"][0])

    def token(claims=None, key=RSA, algorithm="RS256", kid="rsa", **more):
        return jwt.encode(good | (claims or {}), key, algorithm=algorithm, headers={"kid": kid} | more)

    async def post(shown, at=url, body=None):
        headers = {"Authorization": f"Bearer {shown}", "Accept": "application/json, text/event-stream"}
        async with httpx2.AsyncClient() as client:
            return await client.post(at, headers=headers, json=body or {})

    async def is_refused(name, shown, at=url, error="invalid_token"):
        answer = await post(shown, at)
        assert answer.status_code == 401, f"{name}: {answer.status_code} {answer.text}"
        challenge = answer.headers["www-authenticate"]
        base = at.removesuffix("/mcp")
        assert f'resource_metadata="{base}/.well-known/oauth-protected-resource/mcp"' in challenge, f"{name}: {challenge}"
        assert challenge.startswith("Bearer ") and (f'error="{error}"' in challenge) == (error is not None), f"{name}: {challenge}"

    async def tools(shown):
        client = create_mcp_http_client(headers={"Authorization": f"Bearer {shown}"})
        async with Client(streamable_http_client(url, http_client=client), mode="auto") as session:
            return [tool.name for tool in (await session.list_tools()).tools]

    async def accepted():
        # Those that only read: the token is good for no more.
        wanted = [name for name in json.load(open(checks))["tools"] if name != "odoo_write"]
        assert await tools(token()) == wanted
        assert await tools(token(key=EC, algorithm="ES256", kid="ec")) == wanted
        assert await tools(token(key=ED, algorithm="EdDSA", kid="ed")) == wanted
        assert await tools(token({"aud": ["https://other.example.com/mcp", url]})) == wanted
        async with httpx2.AsyncClient() as client:
            metadata = (await client.get(url.removesuffix("/mcp") + "/.well-known/oauth-protected-resource/mcp")).json()
        assert (metadata["resource"], metadata["authorization_servers"]) == (url, [issuer]), metadata

    async def too_little():
        call = {"name": "odoo_write", "arguments": {"model": "res.partner", "ids": [1], "values": {"name": "x"}}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        for scope in ("odoo:read", "openid", ""):
            answer = await post(token({"scope": scope}), body=body)
            challenge = answer.headers.get("www-authenticate", "")
            assert answer.status_code == 403 and 'error="insufficient_scope"' in challenge, f"{scope}: {answer.status_code}"
            assert "odoo:write" in challenge and "resource_metadata=" in challenge, f"{scope}: {challenge}"

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
            await is_refused(name, shown)

    async def lying():
        here = {"aud": other_url}
        assert (await post(token(here), other_url)).status_code != 401
        evil = f"{issuer}/evil"
        for name, shown in {
            "a path as the name of a key": token(here, OTHER, kid="../../keys"),
            "an address as the name of a key": token(here, OTHER, kid=evil),
            "a query as the name of a key": token(here, OTHER, kid="x' OR '1'='1"),
            "a nil in the name of a key": token(here, OTHER, kid="rsa\0"),
            "another case": token(here, kid="RSA"),
            "a space behind the name": token(here, kid="rsa "),
            "a very long name of a key": token(here, OTHER, kid="x" * 4000),
            "an address of other keys": token(here, OTHER, kid="evil", jku=evil),
            "an address of a certificate": token(here, OTHER, kid="evil", x5u=evil),
            "another key under a good name": token(here, OTHER, jku=evil),
            "a key of another kind": token(here, EC, "ES256", kid="rsa"),
            "a header that must be understood": token(here, crit=["exp"]),
            "a secret that is published": jwt.encode(good | here, "a secret that everybody can read", "HS256", {"kid": "secret"}),
            "a good token of another server": token(),
        }.items():
            await is_refused(name, shown, other_url)
        # What is too long to be a token is none.
        await is_refused("a huge token", token(here | {"more": "x" * 17_000}), other_url, error=None)
        assert "/evil" not in asked, "a token told the server where to look"
        assert asked.count("/keys") <= 4, f"{asked.count('/keys')} requests for keys"

    async def rotated():
        assert (await post(token())).status_code != 401
        pages["/keys"] = {"keys": [rsa_key(OTHER, "next"), rsa_key(RENEWED, "rsa")]}
        await asyncio.sleep(PAUSE)
        assert (await post(token(key=OTHER, kid="next"))).status_code != 401, "the new key"
        await is_refused("a key that was withdrawn", token({"jti": "again"}))
        await is_refused("a token from before", token())
        assert (await post(token({"jti": "new"}, RENEWED))).status_code != 401, "another key under the same name"

    failed = 0
    for name, check in (
        ("good tokens", accepted),
        ("tokens for too little", too_little),
        ("bad tokens", refused),
        ("tokens that lie about keys", lying),
        ("new keys", rotated),
    ):
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
