"""What is looked at, and how it has to be."""

import json, pathlib, re, secrets, statistics, threading, time, urllib.parse

from door import FORM, Answer, kept, sign_in, word

SOURCE = pathlib.Path(__file__).resolve().parents[3] / "src"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
# What must never stand in a page as it was typed.
PROBE = "\"'><script>scan</script><img src=x onerror=scan()>"
# What people see must not tell how the server is made.
TELLING = re.compile(r"panicked|RUST_BACKTRACE|stack backtrace|\.rs:\d|/target/|/tmp/|/r[o]ot/|/home/|Traceback", re.I)
ACCOUNTS_TIMED = 40
# A known account is tried as often as costs nothing; then it would be told to wait.
TRIES_EACH = 5
TOKENS_TIMED = 200
RATIO_MIN, RATIO_MAX = 0.5, 2.0
COUNT = [0]


def secrets_in(texts, known):
    return [f"{what} is in {where}" for where, text in texts.items() for what, secret in known.items() if secret in text]


def routes():
    """Every address of the door, as the source names it."""
    found = set()
    for file in (SOURCE / "transport/http").rglob("*.rs"):
        found.update(re.findall(r'\.route\(\s*"([^"]+)"', file.read_text()))
    return sorted(path.replace("{*rest}", "nothing").replace("{secret}", "secret") for path in found)


def console_pages():
    text = (SOURCE / "console/mod.rs").read_text()
    return ["/console"] + [f"/console/{name}" for name in re.findall(r'\("([a-z]+)", ""\)', text)]


def console_deeds():
    text = (SOURCE / "console/mod.rs").read_text()
    deeds = [f"/console/{name}" for name in re.findall(r'"([a-z]+/[a-z/]+)"', text)]
    return sorted(set(deeds) | {"/console/people/pause", "/console/people/resume"})


class Look:
    def __init__(self, door, known, tokens):
        self.door, self.known, self.tokens, self.problems = door, known, tokens, []
        self.version = re.search(r'version = "([^"]+)"', (SOURCE.parent / "Cargo.toml").read_text()).group(1)

    def that(self, is_right, what):
        COUNT[0] += 1
        if not is_right:
            self.problems.append(what)

    def password(self, user):
        return self.known[f"password of {user}"]

    def common(self, answer, by="nobody", https=False):
        """What holds for every answer whatever it answers."""
        asked = f"{answer.asked} by {by}: {answer.status}"
        self.that(200 <= answer.status < 500 or answer.status == 503, f"{asked}: no orderly answer")
        self.that(answer.get("x-content-type-options") == "nosniff", f"{asked}: no nosniff")
        for name in ("access-control-allow-origin", "access-control-allow-credentials", "server", "x-powered-by"):
            self.that(answer.get(name) is None, f"{asked}: {name}: {answer.get(name)}")
        for problem in secrets_in({asked: answer.text + str(answer.headers)}, self.known):
            self.that(False, problem)
        self.that(not TELLING.search(answer.text), f"{asked}: tells how it is made: {TELLING.search(answer.text)}")
        if answer.status >= 400:
            self.that(self.version not in answer.text, f"{asked}: names the version")
        self.that(PROBE not in answer.text or not answer.is_html, f"{asked}: markup of a stranger")
        if https:
            self.that("max-age=" in (answer.get("strict-transport-security") or ""), f"{asked}: no HSTS")
        if answer.is_html:
            policy = answer.get("content-security-policy") or ""
            rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
            self.that(rules.get("default-src") == "'none'", f"{asked}: default-src: {policy}")
            self.that("unsafe" not in policy and "*" not in policy, f"{asked}: {policy}")
            self.that(rules.get("frame-ancestors") == "'none'" and rules.get("base-uri") == "'none'", f"{asked}: {policy}")
            self.that(answer.get("x-frame-options") == "DENY", f"{asked}: frames")
            self.that(answer.get("referrer-policy") in ("same-origin", "no-referrer"), f"{asked}: referrer")
            self.that("no-store" in (answer.get("cache-control") or ""), f"{asked}: is kept")
            self.that(answer.get("cross-origin-resource-policy") == "same-origin", f"{asked}: CORP")
            self.that("permissions-policy" in dict((k.lower(), v) for k, v in answer.headers), f"{asked}: permissions")
            tags = " ".join(re.findall(r"<[^>]*>", re.sub(r'"[^"]*"', '""', answer.text)))
            self.that(not re.search(r"<script(?![^>]*\bsrc=)|\son\w+\s*=|javascript:", tags, re.I), f"{asked}: inline script")
        for line in answer.all("set-cookie"):
            parts = [part.strip().lower() for part in line.split(";")]
            flags = {"httponly", "path=/"} | ({"secure"} if https else set())
            self.that(flags <= set(parts[1:]) and any(part in ("samesite=strict", "samesite=lax") for part in parts), f"{asked}: cookie {parts[1:]}")
            self.that(not any(part.startswith("domain") for part in parts), f"{asked}: cookie for a domain")
            self.that(not https or line.startswith("__Host-"), f"{asked}: cookie without __Host-")
        return answer

    def ask(self, *arguments, by="nobody", **more):
        return self.common(self.door.ask(*arguments, **more), by)

    def signed_in(self, user):
        answer, cookies = sign_in(self.door, user, self.password(user))
        self.that(answer.status == 303 and "odoo-mcp" in cookies, f"{user} cannot sign in: {answer.status}")
        return cookies

    def everything(self):
        self.sessions = {"olga": self.signed_in("olga"), "mia": self.signed_in("mia")}
        for part in (self.surface, self.forms, self.names, self.redirects, self.probes, self.paths, self.limits,
                     self.smuggling, self.sessions_of_browsers, self.sessions_of_clients, self.numbers):
            part()

    def surface(self):
        callers = [("nobody", {}), ("a wrong token", {"token": "omcp_pat_wrong"}), ("token of mia", {"token": self.tokens["mia"]}),
                   ("mia", {"cookies": self.sessions["mia"]}), ("olga", {"cookies": self.sessions["olga"]})]
        for path in [*routes(), "/", "/nothing", "/favicon.ico", "/robots.txt", "/.git/config", "/.env"]:
            for method in METHODS:
                for by, how in callers:
                    if path == "/mcp" and method == "GET" and "token" in how:
                        continue  # A stream without an end.
                    target = path if method != "CONNECT" else self.door.host
                    answer = self.ask(method, target, by=by, **how)
                    if method in ("TRACE", "CONNECT", "PATCH"):
                        self.that(answer.status in (400, 401, 403, 404, 405), f"{answer.asked}: {answer.status}")
                    if method == "HEAD":
                        self.that(not answer.body, f"{answer.asked} has a body")
                    if by == "nobody" and path in ("/mcp", "/metrics"):
                        self.that(answer.status in (400, 401, 404, 405), f"{answer.asked} is open: {answer.status}")
        for page in console_pages():
            answer = self.ask("GET", page, by="nobody")
            self.that(answer.status == 303, f"{page} is open to nobody: {answer.status}")
            for user in ("mia", "olga"):
                answer = self.ask("GET", page, by=user, cookies=self.sessions[user])
                self.that(answer.status in ((200,) if user == "olga" else (200, 403)), f"{page} for {user}: {answer.status}")
                self.that(answer.get("cross-origin-opener-policy") == "same-origin" or answer.status != 200, f"{page}: COOP")
        for header in ("x-http-method-override", "x-method-override", "x-http-method"):
            answer = self.ask("POST", "/livez", {header: "GET"})
            self.that(answer.status == 405, f"{header} is believed")
        for header in ("x-original-url", "x-rewrite-url"):
            answer = self.ask("GET", "/livez", {header: "/metrics"})
            self.that(answer.text == "ok\n", f"{header} is believed")

    def csrf(self, user):
        page = self.door.ask("GET", "/sign-in", cookies=self.sessions[user])
        self.that(bool(page.field("csrf")), f"no csrf token for {user}")
        return page.field("csrf")

    def forms(self):
        own, other = self.csrf("olga"), self.csrf("mia")
        fields = {"name": "mia", "user": "mia", "role": "owner", "reason": "scan", "id": "x"}
        for deed in [*console_deeds(), "/sign-out", "/oauth/authorize"]:
            for what, token in [("no", None), ("an empty", ""), ("a wrong", word()), ("another session's", other), ("two", [own, own])]:
                body = dict(fields) if token is None else dict(fields, csrf=token)
                answer = self.ask("POST", deed, body=body, cookies=self.sessions["olga"], by="olga")
                self.that(answer.status in (400, 403), f"{deed} with {what} csrf token: {answer.status}")
            body = dict(fields, csrf=own)
            for headers in ({"origin": "https://evil.example.com"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
                            {"sec-fetch-site": "same-site"}, {"origin": f"https://{self.door.host}"}):
                answer = self.ask("POST", deed, headers, body, cookies=self.sessions["olga"], by="olga")
                self.that(answer.status == 403, f"{deed} from {headers}: {answer.status}")
            answer = self.ask("GET", f"{deed}?{urllib.parse.urlencode(body)}", cookies=self.sessions["olga"], by="olga")
            self.that(answer.status in (200, 400, 404), f"GET {deed}: {answer.status}")
            # A member may do none of it, with a token of their own session either.
            if deed.startswith("/console/") and deed.split("/")[2] in ("people", "policy", "connections", "plugins"):
                answer = self.ask("POST", deed, body=dict(fields, csrf=other, name="olga", user="olga"), cookies=self.sessions["mia"], by="mia")
                # Their own sessions and tokens they may end, and this is none of them; their own password
                # and second factor they may change, but only with the password that they have.
                refused = (403, 404, 422) if deed.split("/")[3] in ("session", "token", "own") else (403, 404)
                self.that(answer.status in refused, f"{deed} by a member: {answer.status}")
        people = self.door.cli("user", "list")
        self.that(re.search(r"mia\b.*member", people) and re.search(r"olga\b.*owner", people), f"a forged form did something: {people}")
        self.that(self.door.ask("GET", "/console", cookies=self.sessions["olga"]).status == 200, "a forged form signed somebody out")
        body = {"step": "password", "login": "mia", "password": self.password("mia"), "place": "", "next": ""}
        for form in ("", word()):
            answer = self.ask("POST", "/sign-in", body=dict(body, form=form))
            self.that(answer.status == 403 and not answer.get("location"), f"signing in without the form: {answer.status}")

    def names(self):
        for host in ("evil.example.com", "127.0.0.1.evil.example.com", "localhost.evil.example.com", f"evil.example.com:{self.door.port}",
                     "169.254.169.254", "", "a b", "localhost@evil.example.com", None):
            for path in ("/mcp", "/console", "/sign-in", "/oauth/token", "/health", "/metrics", "/.well-known/oauth-protected-resource"):
                answer = self.ask("GET", path, {"host": host}, token=self.tokens["olga"])
                self.that(answer.status in (400, 403), f"{path} for the host {host}: {answer.status}")
                self.that("evil" not in answer.text, f"{path} repeats the host")
        for lines in (f"Host: {self.door.host}\r\nHost: evil.example.com\r\n", f"Host: {self.door.host}\r\nX-Forwarded-Host: evil.example.com\r\nForwarded: host=evil.example.com\r\n"):
            answer = Answer(self.door.raw(f"GET /.well-known/oauth-authorization-server HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode()))
            self.that("evil" not in answer.text, "another name gets into the metadata")
        for origin in ("https://evil.example.com", "null", f"http://{self.door.host}.evil.example.com"):
            for method in ("GET", "POST", "OPTIONS"):
                for path in ("/mcp", "/oauth/token", "/console", "/enroll", "/health"):
                    headers = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
                    answer = self.ask(method, path, headers, token=self.tokens["olga"])
                    self.that(answer.status == 403, f"{method} {path} from {origin}: {answer.status}")

    def redirects(self):
        for place in ("https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "\\\\evil.example.com", "/console/../..//evil.example.com",
                      "/%2f/evil.example.com", "/console//evil.example.com", "/console\r\nx-evil: 1", "javascript:alert(1)", "/console@evil.example.com",
                      "/oauth/\\..\\evil.example.com", "\t//evil.example.com", "///evil.example.com", ".evil.example.com", "/approve/..//evil.example.com"):
            quoted = urllib.parse.quote(place, safe="")
            for name in ("next", "return_to", "redirect", "redirect_uri", "url"):
                answer = self.ask("GET", f"/sign-in?{name}={quoted}", cookies=self.sessions["mia"], by="mia")
                self.stays(answer, place)
            answer, _ = sign_in(self.door, "mia", self.password("mia"), next_page=place)
            self.stays(self.common(answer), place)
            self.that(answer.status == 303, f"signing in with next={place!r}: {answer.status}")
        for path in ("//evil.example.com", "//evil.example.com/..", "/\\evil.example.com", "/console//evil.example.com"):
            self.stays(self.ask("GET", path), path)

    def stays(self, answer, place):
        target = answer.get("location")
        away = target is not None and (not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target or "evil" in target.split("?")[0])
        self.that(not away and answer.get("x-evil") is None, f"{place!r} leads to {target}")

    def probes(self):
        answer, _ = sign_in(self.door, PROBE, "some long password")
        self.common(answer)
        self.that(answer.status in (403, 429) and "&lt;script" in answer.text, f"a name with markup: {answer.status}")
        for path in (f"/sign-in?next={urllib.parse.quote(PROBE)}", f"/console/activity/{urllib.parse.quote(PROBE)}", f"/{urllib.parse.quote(PROBE)}",
                     f"/approve/{urllib.parse.quote(PROBE, safe='')}", f"/console/activity?tool={urllib.parse.quote(PROBE)}&user={urllib.parse.quote(PROBE)}",
                     f"/console/policy?x={urllib.parse.quote(PROBE)}", f"/oauth/authorize?client_id={urllib.parse.quote(PROBE)}&state={urllib.parse.quote(PROBE)}"):
            for user in ("olga", "mia"):
                self.ask("GET", path, by=user, cookies=self.sessions[user])
        token = self.tokens["mia"]
        for tool, arguments in [
            ("memory_create", {"path": f"scan{PROBE}.md", "content": PROBE}), ("memory_write", {"path": "scan.md", "content": PROBE}),
            ("user_connection_add", {"alias": f"x{PROBE}", "url": "http://127.0.0.1:1", "db": PROBE, "username": PROBE, "password": "some password"}),
            ("odoo_search_count", {"model": PROBE, "connection": PROBE}), (PROBE, {}),
            ("odoo_create", {"model": "res.partner", "values": {"name": PROBE, "comment": PROBE}}),
            ("odoo_execute", {"model": "res.partner", "method": "read", "args": [[1], [PROBE]], "reason": PROBE}),
        ]:
            self.ask_tool(tool, arguments, token)
        registered = self.ask("POST", "/oauth/register", body=json.dumps({"client_name": PROBE, "redirect_uris": ["http://127.0.0.1:9/cb"]}), kind="application/json")
        if registered.status == 201:
            client = json.loads(registered.text)["client_id"]
            query = {"client_id": client, "redirect_uri": "http://127.0.0.1:9/cb", "response_type": "code", "state": PROBE, "scope": "odoo:read",
                     "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
            consent = self.ask("GET", "/oauth/authorize?" + urllib.parse.urlencode(query), by="mia", cookies=self.sessions["mia"])
            self.that(consent.status == 200 and "scan" in consent.text, f"no consent page: {consent.status}")
            for uri in ("http://127.0.0.1:9/cb/evil", "https://evil.example.com/cb", "http://127.0.0.1:9@evil.example.com/cb", "javascript:alert(1)"):
                answer = self.ask("GET", "/oauth/authorize?" + urllib.parse.urlencode(dict(query, redirect_uri=uri)), by="mia", cookies=self.sessions["mia"])
                self.that(answer.status == 400 and answer.get("location") is None, f"a code would go to {uri}: {answer.status}")
        for page in console_pages():
            for user in ("olga", "mia"):
                self.ask("GET", page, by=user, cookies=self.sessions[user])
        shown = self.ask("GET", "/console/approvals", by="olga", cookies=self.sessions["olga"])
        self.that("&lt;script&gt;scan" in shown.text, "the probe did not reach the page of approvals")

    def ask_tool(self, tool, arguments, token):
        answer = self.door.mcp("probe", arguments, token) if not tool.isidentifier() else self.door.mcp(tool, arguments, token)
        return self.common(answer, "token of mia")

    def paths(self):
        for prefix in ("/console/assets/", "/console/", "/approve/", "/"):
            for way in ("../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..\\..\\etc\\passwd", "....//etc/passwd",
                        "%00", "console.css%00.js", "..;/metrics", "%c0%ae%c0%ae/etc/passwd", "/etc/passwd"):
                answer = self.ask("GET", prefix + way, cookies=self.sessions["mia"], by="mia")
                self.that("root:" not in answer.text and answer.status in (303, 400, 403, 404), f"{prefix}{way}: {answer.status}")

    def limits(self):
        answer = Answer(self.door.raw(f"GET /{'a' * 70_000} HTTP/1.1\r\nHost: {self.door.host}\r\nConnection: close\r\n\r\n".encode()))
        self.that(answer.status in (400, 404, 414, 431), f"a long address: {answer.status}")
        for lines in ("x-big: " + "a" * 2_000_000 + "\r\n", "".join(f"x-{n}: a\r\n" for n in range(1_000))):
            answer = Answer(self.door.raw(f"GET /livez HTTP/1.1\r\nHost: {self.door.host}\r\n{lines}Connection: close\r\n\r\n".encode()))
            self.that(answer.status in (0, 400, 431), f"a large head: {answer.status}")
        for path, size in (("/mcp", 17 << 20), ("/sign-in", 1 << 20), ("/oauth/token", 1 << 20), ("/oauth/register", 1 << 20), ("/enroll", 1 << 20)):
            answer = self.door.ask("POST", path, body=b"a" * size, kind="application/json", token=self.tokens["mia"])
            self.that(answer.status in (400, 401, 413, 415), f"a large body at {path}: {answer.status}")
        answer = self.door.ask("POST", "/mcp", body=b"a" * (17 << 20), kind="application/json", token=self.tokens["mia"])
        self.that(answer.status == 413, f"a large message: {answer.status}")
        # An early answer says that it closes, or the connection goes on.
        livez = f"GET /livez HTTP/1.1\r\nHost: {self.door.host}\r\nConnection: close\r\n\r\n".encode()
        for path in ("/mcp", "/sign-in", "/approve/secret", "/console", "/sign-out", "/oauth/authorize", "/oauth/token", "/oauth/register",
                     "/enroll", "/api/ai/extract-raw", "/api/ai/customs/extract-raw", "/nothing", "/livez"):
            for size in (1_000, 3_000_000):
                head = f"POST {path} HTTP/1.1\r\nHost: {self.door.host}\r\nContent-Type: text/x\r\nContent-Length: {size}\r\n\r\n"
                got = self.door.raw(head.encode() + b"a" * size + livez)
                said = b"connection: close" in got.split(b"\r\n\r\n")[0].lower()
                self.that(got.startswith(b"HTTP/1.1 ") and (got.count(b"HTTP/1.1 ") == 2 or said), f"POST {path} with {size} unread bytes: {got[:200]}")
        slow, hung = [], ("/sign-in", "/enroll", "/oauth/token", "/approve/secret", "/sign-out")
        def wait(path):
            began = time.monotonic()
            self.door.raw(f"POST {path} HTTP/1.1\r\nHost: {self.door.host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
            slow.append((path, time.monotonic() - began))
        threads = [threading.Thread(target=wait, args=(path,)) for path in hung]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for path, took in slow:
            self.that(took < 35, f"POST {path} waits for a body for ever: {took:.0f} s")

    def smuggling(self):
        host, inner = f"Host: {self.door.host}\r\n", f"GET /metrics HTTP/1.1\r\nHost: {self.door.host}\r\n\r\n"
        for what, text in [
            ("CL and TE", f"POST /livez HTTP/1.1\r\n{host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
            ("two lengths", f"POST /livez HTTP/1.1\r\n{host}Content-Length: 0\r\nContent-Length: 9\r\n\r\n{inner}"),
            ("a list of lengths", f"POST /livez HTTP/1.1\r\n{host}Content-Length: 0, 9\r\n\r\n{inner}"),
            ("a signed length", f"POST /livez HTTP/1.1\r\n{host}Content-Length: +0\r\n\r\n{inner}"),
            ("an odd coding", f"POST /livez HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}"),
            ("a coding twice", f"POST /livez HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{inner}"),
            ("a space before the colon", f"POST /livez HTTP/1.1\r\n{host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{inner}"),
            ("a folded line", f"POST /livez HTTP/1.1\r\n{host}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{inner}"),
            ("a bad chunk", f"POST /livez HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n{inner}"),
            ("a bare line feed in a name", f"GET /livez HTTP/1.1\r\n{host}X: a\nb c: d\r\n\r\n"),
            ("a null byte", f"GET /livez HTTP/1.1\r\n{host}X: a\0b\r\n\r\n"),
        ]:
            got = self.door.raw(text.encode("latin-1"), 3)
            self.that(b"mcp_build_info" not in got and got.count(b"HTTP/1.1 ") <= 1, f"{what}: {got[:300]}")

    def sessions_of_browsers(self):
        planted = {"odoo-mcp": word()}
        _, first = sign_in(self.door, "mia", self.password("mia"), planted)
        self.that(first.get("odoo-mcp") not in (None, planted["odoo-mcp"]), "a planted session is taken over")
        _, second = sign_in(self.door, "mia", self.password("mia"), first)
        self.that(second["odoo-mcp"] != first["odoo-mcp"], "the session does not change at signing in")
        self.that(self.door.ask("GET", "/console", cookies=first).status == 303, "the session before is still good")
        csrf = self.door.ask("GET", "/sign-in", cookies=second).field("csrf")
        out = self.ask("POST", "/sign-out", body={"csrf": csrf}, cookies=second)
        self.that(out.status == 200 and self.door.ask("GET", "/console", cookies=second).status == 303, "signing out does not end the session")
        self.that(self.door.ask("GET", "/console", cookies={"odoo-mcp": "", **{}}).status == 303, "an empty session is one")
        answer, cookies = sign_in(self.door, "tom", self.password("tom"))
        self.that(answer.status == 200 and "odoo-mcp" not in cookies and bool(answer.field("ticket")), "no second factor is asked for")
        answer, cookies = sign_in(self.door, "tom", self.password("tom"), key=self.known["key of tom's authenticator"])
        self.that(answer.status in (303, 403), f"the second factor: {answer.status}")

    def sessions_of_clients(self):
        hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "scan", "version": "1"}}}
        opened = self.door.ask("POST", "/mcp", body=json.dumps(hello), kind="application/json", token=self.tokens["olga"])
        session = opened.get("mcp-session-id")
        self.that(bool(session), f"no session: {opened.status}")
        for method, body in (("POST", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})), ("DELETE", ""), ("GET", "")):
            headers = {"mcp-session-id": session, "mcp-protocol-version": "2025-06-18"}
            answer = self.ask(method, "/mcp", headers, body, "application/json", token=self.tokens["mia"])
            self.that(answer.status in (403, 404), f"{method} with somebody else's session: {answer.status}")
            answer = self.ask(method, "/mcp", headers, body, "application/json")
            self.that(answer.status == 401, f"{method} with a session alone: {answer.status}")
        headers = {"mcp-session-id": session, "mcp-protocol-version": "2025-06-18"}
        answer = self.door.ask("DELETE", "/mcp", headers, token=self.tokens["olga"])
        self.that(answer.status == 204, f"the own session cannot be ended: {answer.status}")

    def numbers(self):
        page = self.ask("GET", "/metrics", token=self.known["token of the numbers"])
        self.that(page.status == 200 and "mcp_build_info" in page.text, f"no numbers: {page.status}")
        self.that("scan" not in page.text and "evil" not in page.text, "somebody's words are in the numbers")
        self.that(self.door.ask("GET", "/metrics", token=self.tokens["mia"]).status == 403, "a member reads the numbers")

    def behind_https(self):
        form = self.common(self.door.ask("GET", "/sign-in"), https=True)
        self.that(bool(form.all("set-cookie")), "no cookie for the form")
        answer, cookies = sign_in(self.door, "olga", self.password("olga"))
        self.common(answer, https=True)
        self.that("__Host-odoo-mcp" in cookies, "the session's cookie has another name")
        for path in [*routes(), *console_pages(), "/nothing"]:
            self.common(self.door.ask("GET", path, cookies=cookies), "olga", https=True)
        answer = self.door.ask("GET", "/console", cookies={"odoo-mcp": cookies.get("__Host-odoo-mcp", "")})
        self.that(answer.status == 303, "a cookie without the prefix is believed")

    def guessing(self):
        far = lambda number: {"x-forwarded-for": f"198.51.{number // 250}.{number % 250}"}
        statuses = [sign_in(self.door, "mia", word(), headers=far(0))[0].status for _ in range(8)]
        self.that(statuses[0] == 403 and statuses[-1] == 429, f"guessing passwords: {statuses}")
        answer, cookies = sign_in(self.door, "mia", self.password("mia"), headers=far(1))
        self.that(answer.status == 429 and "odoo-mcp" not in cookies and answer.get("retry-after"), f"the right password within the wait: {answer.status}")
        answer, cookies = sign_in(self.door, "olga", self.password("olga"), headers=far(0))
        self.that("odoo-mcp" in cookies, f"guessing at one account stops another: {answer.status}")
        waits = []
        for _ in range(3):
            answer, _ = sign_in(self.door, "mia", word(), headers=far(2))
            waits.append(int(answer.get("retry-after") or 0))
            time.sleep(waits[-1] + 0.5)
            sign_in(self.door, "mia", word(), headers=far(2))
        self.that(waits == sorted(waits) and waits[-1] > waits[0], f"the waits do not grow: {waits}")
        tries = [self.door.ask("GET", "/mcp", far(3), token=f"omcp_pat_{word()}").status for _ in range(25)]
        self.that(tries[0] == 401 and tries[-1] == 429, f"guessing tokens: {tries}")
        self.that(self.door.ask("GET", "/mcp", far(4), token=f"omcp_pat_{word()}").status == 401, "guessing from one address stops another")
        self.that(self.door.ask("GET", "/metrics", far(3), token=self.tokens["olga"]).status == 200, "guessing at a door keeps its owner out")

    def timing(self, known):
        """The same work for what exists and what does not: the one look at a clock."""
        far = (({"x-forwarded-for": f"203.0.{number // 250}.{number % 250}"}) for number in range(10_000))
        def took(ask):
            began = time.perf_counter()
            ask()
            return time.perf_counter() - began
        token = self.tokens["olga"]
        near, strange = [], []
        for _ in range(TOKENS_TIMED):
            changed = token[:-3] + secrets.token_urlsafe(3)[:3]
            near.append(took(lambda: self.door.ask("GET", "/health", next(far), token=changed)))
            strange.append(took(lambda: self.door.ask("GET", "/health", next(far), token="omcp_pat_" + secrets.token_urlsafe(32))))
        self.ratio("tokens", near, strange)
        form = self.door.ask("GET", "/sign-in")
        cookies, field = kept(form, {}), form.field("form")
        texts = set()
        def enter(name, headers):
            body = {"form": field, "next": "", "step": "password", "place": "", "login": name, "password": "a wrong password"}
            answer = self.door.ask("POST", "/sign-in", headers, body, cookies=cookies)
            texts.add((answer.status, answer.text.replace(name, "NAME")))
        there, absent = [], []
        for _ in range(TRIES_EACH):
            for name in known:
                there.append(took(lambda: enter(name, next(far))))
                absent.append(took(lambda: enter(name.replace("known", "other"), next(far))))
        self.that(len(texts) == 1, f"a name that exists has another answer: {[status for status, _ in texts]}")
        self.ratio("sign-ins", there, absent)

    def ratio(self, what, one, other):
        ratio = statistics.median(one) / statistics.median(other)
        print(f"{what}: known to unknown {ratio:.2f}, medians over {len(one)} tries each", flush=True)
        self.that(RATIO_MIN <= ratio <= RATIO_MAX, f"the time of {what} tells: {ratio:.2f}")
