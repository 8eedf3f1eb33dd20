"""The OAuth flow of the Python SDK, end to end: python_oauth.py CHECKS URL USER PASSWORD-FILE

USER is an account of the server, or CONNECTION/LOGIN for a user of that Odoo.

The script is the browser, too: it fills in the sign-in form and the consent form as a person would, and
reads nothing but what the pages say.
"""

import asyncio
import html.parser
import json
import sys
import urllib.parse

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider, OAuthFlowError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

REDIRECT = "http://127.0.0.1:53682/callback"


class Form(html.parser.HTMLParser):
    """The first form of a page: where it goes, what it holds."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields, self.checked, self.buttons, self.open = None, {}, [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action, self.open = attributes.get("action", ""), True
        elif not self.open or not attributes.get("name"):
            return
        elif tag == "button":
            self.buttons.append((attributes["name"], attributes.get("value", "")))
        elif tag == "input" and attributes.get("type") == "checkbox":
            if "checked" in attributes:
                self.checked.append((attributes["name"], attributes["value"]))
        elif tag in ("input", "select"):
            self.fields[attributes["name"]] = attributes.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = False


class Browser:
    """Keeps cookies, follows redirects within the server, and stops where one leads to the client."""

    def __init__(self, user, password):
        self.client = httpx2.AsyncClient()
        self.user, self.password = user, password
        self.pages = []

    async def open(self, method, url, data=None, answer="allow"):
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlparse(url))
        for _ in range(10):
            headers = {"Origin": origin} if method == "POST" else {}
            response = await self.client.request(method, url, data=data, headers=headers)
            if response.is_redirect:
                url = urllib.parse.urljoin(url, response.headers["location"])
                if url.startswith(REDIRECT):
                    return url
                method, data = "GET", None
                continue
            assert response.status_code == 200, (url, response.status_code, response.text)
            assert response.headers["x-frame-options"] == "DENY" and response.headers["cache-control"] == "no-store"
            form = Form(response.text)
            self.pages.append((urllib.parse.urlparse(url).path, response.text))
            if "password" in form.fields:
                place, _, login = self.user.rpartition("/")
                data = form.fields | {"place": place, "login": login, "password": self.password}
            else:
                data = list(form.fields.items()) + form.checked + [("answer", answer)]
                assert ("answer", answer) in form.buttons, form.buttons
                data = urllib.parse.urlencode(data)
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                response = await self.client.post(
                    urllib.parse.urljoin(url, form.action), content=data, headers=headers | {"Origin": origin}
                )
                assert response.is_redirect, (response.status_code, response.text)
                target = response.headers["location"]
                assert target.startswith(REDIRECT), target
                return target
            method, url = "POST", urllib.parse.urljoin(url, form.action or url)
        raise AssertionError("too many redirects")


class Storage:
    def __init__(self):
        self.tokens, self.client = None, None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def provider(url, storage, browser, answer="allow"):
    came_back = {}

    async def redirect(address):
        came_back["url"] = await browser.open("GET", address, answer=answer)

    async def callback():
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(came_back["url"]).query))
        return AuthorizationCodeResult(
            code=query.get("code", ""), state=query.get("state"), iss=query.get("iss")
        )

    metadata = OAuthClientMetadata(
        client_name="Python SDK <b>in a test</b>", redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
    )
    return OAuthClientProvider(url, metadata, storage, redirect, callback)


def connect(url, auth, mode="auto"):
    transport = streamable_http_client(url, http_client=create_mcp_http_client(auth=auth))
    return Client(transport, mode=mode, read_timeout_seconds=60)


async def flow(url, user, password, checks):
    storage, browser = Storage(), Browser(user, password)
    auth = provider(url, storage, browser)
    async with connect(url, auth) as client:
        listed = [tool.name for tool in (await client.list_tools()).tools]
        assert listed == checks["tools"], listed
        # As the token ends, the SDK fetches another one without asking anybody.
        first = storage.tokens
        auth.context.token_expiry_time = 1
        result = await client.call_tool("odoo_search_count", {"model": "res.partner"})
        assert not result.is_error, result
        assert storage.tokens.refresh_token != first.refresh_token, "no other token was fetched"
    paths = [path for path, _ in browser.pages]
    assert paths == ["/sign-in", "/oauth/authorize"], paths
    consent = browser.pages[1][1]
    assert "&lt;b&gt;in a test" in consent and "<b>in a test" not in consent, consent
    assert "127.0.0.1:53682" in consent and user in consent, consent
    assert storage.tokens.scope == "odoo:read odoo:write", storage.tokens.scope
    return storage, first


async def second_time(url, user, password, checks):
    """Tokens that were kept are used again; whoever is signed in is asked for consent only."""
    storage, _ = await flow(url, user, password, checks)
    async with connect(url, provider(url, storage, Browser(user, "wrong")), mode="legacy") as client:
        assert (await client.list_tools()).tools


async def reuse(url, user, password, checks):
    """A refresh token that was used before ends everything that came of it."""
    storage, first = await flow(url, user, password, checks)
    token_url = urllib.parse.urljoin(url, "/oauth/token")
    form = {
        "grant_type": "refresh_token",
        "client_id": storage.client.client_id,
        "refresh_token": first.refresh_token,
    }
    async with httpx2.AsyncClient() as client:
        answer = await client.post(token_url, data=form)
        assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant", answer.text
        shown = {"Authorization": f"Bearer {storage.tokens.access_token}"}
        answer = await client.post(url, headers=shown, json={})
        assert answer.status_code == 401, answer.status_code
        assert 'error="invalid_token"' in answer.headers["www-authenticate"], answer.headers


async def refusal(url, user, password, checks):
    """A person who denies sends no code."""
    try:
        async with connect(url, provider(url, Storage(), Browser(user, password), answer="deny")) as client:
            await client.list_tools()
    except BaseException as error:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        assert isinstance(error, OAuthFlowError), repr(error)
    else:
        raise AssertionError("there was no consent, and tools were listed")


async def main():
    checks = json.load(open(sys.argv[1]))
    url, user, password = sys.argv[2], sys.argv[3], open(sys.argv[4]).read().strip()
    failed = 0
    for name, check in (
        ("sign in, consent, refresh", flow),
        ("kept tokens", second_time),
        ("a used refresh token", reuse),
        ("a denied consent", refusal),
    ):
        try:
            await asyncio.wait_for(check(url, user, password, checks), 120)
            print(f"ok     Python SDK, OAuth, {name}")
        except BaseException as error:
            failed += 1
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            print(f"FAILED Python SDK, OAuth, {name}: {type(error).__name__}: {error}")
    sys.exit(1 if failed else 0)


asyncio.run(main())
