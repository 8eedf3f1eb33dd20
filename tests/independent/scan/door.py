"""A server to look at: started from the program, with people, tokens and a collector of its traces."""

import base64, hashlib, hmac, html, http.server, json, re, secrets, socket, struct, subprocess, threading, time
import urllib.parse

ANSWER_SECONDS = 40
FORM = "application/x-www-form-urlencoded"


class Answer:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        self.status = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:] if ": " in line]
        if "chunked" in (self.get("transfer-encoding") or ""):
            self.body = unchunked(self.body)
        self.text = self.body.decode("utf-8", "replace")

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name]

    def get(self, name):
        return next(iter(self.all(name)), None)

    @property
    def is_html(self):
        return "html" in (self.get("content-type") or "")

    def field(self, name):
        found = re.search(r'name="%s"\s+value="([^"]*)"' % name, self.text)
        return html.unescape(found.group(1)) if found else ""


def unchunked(body):
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        try:
            size = int(size.split(b";")[0], 16)
        except ValueError:
            break
        if size == 0:
            break
        whole, body = whole + rest[:size], rest[size + 2:]
    return whole


class Door:
    """One running server."""

    def __init__(self, program, scratch, name, settings, arguments=(), environment=None):
        self.state, self.log_path = scratch / f"{name}-state", scratch / f"{name}.log"
        self.program, self.scratch, self.host = program, scratch, None
        self.settings = scratch / f"{name}.toml"
        self.settings.write_text(settings)
        self.environment, self.arguments, self.process = environment or {}, arguments, None

    def cli(self, *arguments, typed=""):
        done = subprocess.run([self.program, *arguments, "--state-dir", self.state], input=typed, text=True,
                              capture_output=True, env=self.environment)
        if done.returncode:
            raise SystemExit(f"{arguments[:2]}: {done.stderr}")
        return done.stdout + done.stderr

    def add_user(self, name, role, password):
        self.cli("user", "add", name, "--role", role, "--password-stdin", typed=password + "\n")

    def token(self, user, *scopes):
        scopes = [part for scope in scopes for part in ("--scope", scope)]
        return re.search(r"omcp_pat_[\w-]+", self.cli("token", "create", "--user", user, *scopes)).group(0)

    def second_factor(self, name):
        asking = subprocess.Popen([self.program, "user", "totp", name, "--state-dir", self.state], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env=self.environment, bufsize=1)
        key = asking.stdout.readline().split()[-1]
        shown, _ = asking.communicate(code_of(key) + "\n", timeout=30)
        if asking.returncode:
            raise SystemExit(f"user totp: {shown}")
        return key

    def start(self):
        self.log = open(self.log_path, "wb")
        # Tokens are issued for one address, so the port is known before.
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [self.program, "serve", "--http", f"127.0.0.1:{port}", "--sandbox", "--config", self.settings,
             "--state-dir", self.state, *self.arguments],
            stdout=subprocess.DEVNULL, stderr=self.log, stdin=subprocess.DEVNULL, env=self.environment)
        for _ in range(600):
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.log_text())
            if found:
                self.port = int(found.group(1))
                self.host = self.host or f"127.0.0.1:{self.port}"
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit("the server did not start\n" + self.log_text())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def log_text(self):
        return self.log_path.read_text(errors="replace")

    def raw(self, data, seconds=ANSWER_SECONDS):
        """Everything that comes back for these bytes until the server closes or says nothing more."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as stream:
            got = b""
            try:
                stream.sendall(data)
            except OSError:
                pass
            try:
                while True:
                    piece = stream.recv(65536)
                    if not piece:
                        return got
                    got += piece
            except OSError:
                return got

    def ask(self, method, path, headers=None, body=b"", kind=None, cookies=None, token=None):
        if isinstance(body, dict):
            body, kind = urllib.parse.urlencode(body, doseq=True), FORM
        if isinstance(body, str):
            body = body.encode()
        lines = {"host": self.host, "connection": "close", "accept": "application/json, text/event-stream, text/html"}
        if body or method in ("POST", "PUT"):
            lines["content-length"] = str(len(body))
        if kind:
            lines["content-type"] = kind
        if cookies:
            lines["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if token:
            lines["authorization"] = f"Bearer {token}"
        lines.update({name.lower(): value for name, value in (headers or {}).items()})
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items() if v is not None)
        answer = Answer(self.raw(head.encode("latin-1") + b"\r\n" + body))
        answer.asked = f"{method} {path}"
        return answer

    def mcp(self, tool, arguments, token):
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "scan", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                   "params": {"name": tool, "arguments": arguments, "_meta": meta}}
        return self.ask("POST", "/mcp", {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call",
                                         "mcp-name": tool}, json.dumps(message), "application/json", token=token)


def kept(answer, cookies):
    """The cookies of a browser after an answer."""
    cookies = dict(cookies)
    for line in answer.all("set-cookie"):
        name, _, value = line.split(";")[0].partition("=")
        if value:
            cookies[name] = value
        else:
            cookies.pop(name, None)
    return cookies


def sign_in(door, name, password, cookies=None, headers=None, next_page="", key=None):
    """Goes through the form as a browser does; the last answer and the cookies."""
    cookies = dict(cookies or {})
    # Whoever is signed in already is shown no form.
    form = door.ask("GET", "/sign-in", headers)
    cookies = kept(form, cookies)
    fields = {"form": form.field("form"), "next": next_page, "step": "password", "place": "", "login": name,
              "password": password}
    answer = door.ask("POST", "/sign-in", headers, fields, cookies=cookies)
    cookies = kept(answer, cookies)
    if key and answer.field("ticket"):
        fields = {"form": answer.field("form"), "next": next_page, "step": "code",
                  "ticket": answer.field("ticket"), "code": code_of(key)}
        answer = door.ask("POST", "/sign-in", headers, fields, cookies=cookies)
        cookies = kept(answer, cookies)
    return answer, cookies


def code_of(key, step=None):
    step = int(time.time()) // 30 if step is None else step
    key = base64.b32decode(key + "=" * (-len(key) % 8))
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


class Collector:
    """Takes spans and keeps them as text."""

    def __init__(self):
        self.texts = texts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                texts.append(self.rfile.read(int(self.headers["content-length"])).decode())
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def word():
    return secrets.token_urlsafe(18)
