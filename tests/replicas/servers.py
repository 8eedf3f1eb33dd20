"""Servers and clients of the checks of this folder, and what was checked."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# `run` says what there is: the program, an empty folder, the store, and how that is stopped and started.
PROGRAM, SCRATCH = os.environ["REPLICAS_PROGRAM"], pathlib.Path(os.environ["REPLICAS_SCRATCH"])
STORE, CONTROL = os.environ["REPLICAS_STORE"], os.environ["REPLICAS_CONTROL"]
WORKERS_PER_REPLICA = 8
WAIT_SECONDS = 30

KEY = secrets.token_hex(32)
# A grant of the settings, so that the door needs no store to know its callers.
TOKEN = secrets.token_urlsafe(32)
POLICY_FILE = SCRATCH / "policy.json"

results = []


def check(what, holds, detail=""):
    results.append(bool(holds))
    print(f"{'ok    ' if holds else 'FAILED'} {what}{'' if holds else f': {detail}'}", flush=True)


def finish():
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


def control(*words):
    """Stops the store (`stop`, or `stop immediate`), starts it, and what else `run` knows."""
    subprocess.run([CONTROL, *words], check=True, capture_output=True)


def environment(folder, store, **more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    kept |= {"ODOO_MCP_KEY": KEY, "ODOO_MCP_STATE_DIR": str(folder), "ODOO_MCP_POLICY": str(POLICY_FILE),
             "ODOO_MCP_GRANTS_TEAM_TOKEN": TOKEN}
    return kept | ({"ODOO_MCP_STORE": store} if store else {}) | more


def command(folder, store, *arguments, given=None, **more):
    done = subprocess.run([PROGRAM, *arguments], env=environment(folder, store, **more), input=given,
                          stdin=subprocess.DEVNULL if given is None else None,
                          capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def free_port():
    """Not one of those that the system gives to outgoing connections: they come and go at any time."""
    while True:
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", random.randrange(20000, 32000)))
            except OSError:
                continue
            return free.getsockname()[1]


class Server:
    def __init__(self, name, store=None, arguments=("--sandbox",), is_awaited=True, **more):
        self.folder, self.store, self.arguments, self.more = SCRATCH / name, store, arguments, more
        self.log = open(SCRATCH / f"{name}.log", "ab")
        self.start(is_awaited)

    def start(self, is_awaited=True):
        self.port = free_port()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", *self.arguments, "--http", f"127.0.0.1:{self.port}"],
            env=environment(self.folder, self.store, **self.more), stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log)
        until = time.monotonic() + WAIT_SECONDS
        while is_awaited and not self.listens():
            if self.process.poll() is not None or time.monotonic() > until:
                sys.exit(f"a server did not start; see {self.log.name}\n{self.said()[-3000:]}")
            time.sleep(0.05)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def said(self):
        return pathlib.Path(self.log.name).read_text()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)


class Client:
    """One session of one server."""

    def __init__(self, server, token=TOKEN):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                        "Authorization": f"Bearer {token}"}
        self.number = 0
        self.said = {}
        self.status, _, headers = self.post("initialize", {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "replicas", "version": "1"}})
        if self.status == 200:
            self.headers["MCP-Protocol-Version"] = "2025-06-18"
            if headers.get("mcp-session-id"):
                self.headers["Mcp-Session-Id"] = headers["mcp-session-id"]
            self.post("notifications/initialized", None, answered=False)

    def post(self, method, params, answered=True):
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        if answered:
            self.number += 1
            message["id"] = self.number
        self.connection.request("POST", "/mcp", json.dumps(message), self.headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}

    def call(self, tool, **arguments):
        """`ok`, or the code of the refusal. What was said besides is in `said`."""
        status, body, _ = self.post("tools/call", {"name": tool, "arguments": arguments})
        if status != 200:
            return f"http {status}"
        text = body.decode()
        if text.startswith(("event:", "data:", "id:")):
            text = [line[5:] for line in text.splitlines() if line.startswith("data:") and line[5:].strip()][-1]
        result = json.loads(text).get("result")
        if result is None:
            return text
        self.said = said = result.get("structuredContent") or {}
        if not result.get("isError"):
            return "ok"
        return said.get("code") or said.get("error", {}).get("code") or json.dumps(result)


def at_once(servers, tool, tries, token=TOKEN, **arguments):
    """How often each answer came, and how long it took."""

    def worker(server, count):
        client = Client(server, token)
        return [client.call(tool, **arguments) for _ in range(count)]

    counts = {}
    with concurrent.futures.ThreadPoolExecutor(len(servers) * WORKERS_PER_REPLICA) as pool:
        started = time.monotonic()
        jobs = [pool.submit(worker, server, tries // WORKERS_PER_REPLICA)
                for server in servers for _ in range(WORKERS_PER_REPLICA)]
        for job in jobs:
            for answer in job.result():
                counts[answer] = counts.get(answer, 0) + 1
        spent = time.monotonic() - started
    return counts, spent


def eventually(what, holds, within=WAIT_SECONDS):
    until = time.monotonic() + within
    while time.monotonic() < until:
        if holds():
            check(what, True)
            return
        time.sleep(0.1)
    check(what, False, f"not within {within} s")


def verified(folder, store):
    status, text = command(folder, store, "policy", "verify-log", "--json")
    try:
        return status, json.loads(text[text.index("{"):])
    except ValueError:
        return status, {"ok": False, "text": text}


class Browser:
    """Somebody at the pages of the servers. All of them have one host name, so one set of cookies."""

    def __init__(self):
        jar = urllib.request.HTTPCookieProcessor()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)

    def open(self, server, path, **form):
        """The text of a page, whatever its status."""
        base = f"http://127.0.0.1:{server.port}"
        body = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(base + path, body, {"Origin": base} if form else {})
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.read().decode()

    def sign_in(self, server, name, password):
        page = self.open(server, "/sign-in")
        token = re.search(r'name="form" value="([^"]+)"', page).group(1)
        place = re.search(r'name="place" value="([^"]*)"', page)
        return self.open(server, "/sign-in", form=token, step="password", login=name, password=password,
                         place=place.group(1) if place else "")
