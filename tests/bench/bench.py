#!/usr/bin/env python3
"""Measures odoo-mcp against raw requests to the same Odoo, in the same run. Standard library only.

    tests/bench/bench.py ENV_FILE [--binary FILE] [--calls N] [--credential password|api_key]

The floor is exact: a proxy records the request that odoo-mcp sends for a warm `odoo_search_read`, and
that request, byte for byte, is what the raw client sends. Raw calls and calls through odoo-mcp take
turns, so a slow moment of the machine hits both. What is compared are ratios; the milliseconds beside
them belong to this machine and this moment. Nothing fails here because something was slow.
"""

import argparse
import json
import os
import pathlib
import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROWS = 10
FIELDS = ["name", "email", "phone"]
WARM_UP_CALLS = 20
ANSWER_SECONDS_MAX = 60


# ------------------------------------------------------------------------------------- raw requests
def read_message(stream):
    """One HTTP message from a buffered stream: its head and its body, or None at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    if length:
        return head, stream.read(int(length[1]))
    if re.search(rb"(?im)^transfer-encoding:\s*chunked", head):
        body = b""
        while True:
            size = int(stream.readline().split(b";")[0], 16)
            body += stream.read(size)
            stream.readline()
            if size == 0:
                return head, body
    # A request without a length has no body; an answer without one ends with the connection.
    return (head, stream.read()) if head.startswith(b"HTTP/") else (head, b"")


class Raw:
    """Sends prepared bytes to Odoo; keeps the connection exactly as long as Odoo does."""

    def __init__(self, host, port):
        self.address, self.stream, self.socket = (host, port), None, None

    def send(self, request):
        if self.socket is None:
            self.socket = socket.create_connection(self.address, ANSWER_SECONDS_MAX)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.stream = self.socket.makefile("rb")
        self.socket.sendall(request)
        message = read_message(self.stream)
        if message is None:
            sys.exit("Odoo closed the connection without an answer")
        head, body = message
        if head.startswith(b"HTTP/1.0") or re.search(rb"(?im)^connection:\s*close", head):
            self.stream.close()
            self.socket.close()
            self.socket = None
        return head, body


def request_bytes(host, path, body, headers):
    data = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def named_requests(env, host, port):
    """The routes by name: what a careful client could send by hand."""
    call = {"fields": FIELDS, "limit": ROWS}
    specification = {"specification": {field: {} for field in FIELDS}, "limit": ROWS}
    version = int(env.get("VERSION") or raw_version(host, port))
    web = {"domain": [], **(specification if version >= 17 else call)}
    login = request_bytes(host, "/web/session/authenticate", {"jsonrpc": "2.0", "id": 1, "params": {
        "db": env["DB"], "login": env["LOGIN"], "password": env["PASSWORD"]}}, {})
    head, _ = Raw(host, port).send(login)
    session = {"Cookie": "session_id=" + re.findall(rb"(?i)set-cookie: session_id=([^;\r]+)", head)[-1].decode()}

    def call_kw(method, kwargs):
        return request_bytes(host, "/web/dataset/call_kw", {"jsonrpc": "2.0", "method": "call", "id": 1, "params": {
            "model": "res.partner", "method": method, "args": [], "kwargs": kwargs}}, session)

    requests = {
        "session call_kw search_read": call_kw("search_read", {"domain": [], **call}),
        "session call_kw web_search_read": call_kw("web_search_read", web),
        "/jsonrpc search_read": request_bytes(host, "/jsonrpc", {"jsonrpc": "2.0", "method": "call", "id": 1, "params": {
            "service": "object", "method": "execute_kw",
            "args": [env["DB"], int(env["ADMIN_UID"]), env["API_KEY"], "res.partner", "search_read", [[]], call]}}, {}),
    }
    if version >= 19:
        bearer = {"Authorization": "bearer " + env["API_KEY"], "X-Odoo-Database": env["DB"]}
        requests["JSON-2 search_read"] = request_bytes(
            host, "/json/2/res.partner/search_read", {"domain": [], **call}, bearer)
        requests["JSON-2 web_search_read"] = request_bytes(
            host, "/json/2/res.partner/web_search_read", web, bearer)
    return requests


def raw_version(host, port):
    body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "common", "method": "version", "args": []}}
    _, answer = Raw(host, port).send(request_bytes(host, "/jsonrpc", body, {}))
    return json.loads(answer)["result"]["server_version_info"][0]


# ----------------------------------------------------------------------------------- recording proxy
class Proxy:
    """Passes HTTP on to Odoo and remembers every request. Connections count too, answered or not."""

    def __init__(self, host, port):
        self.upstream, self.requests, self.connections = (host, port), [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client, client.makefile("rb") as incoming, socket.create_connection(self.upstream) as odoo, \
                    odoo.makefile("rb") as outgoing:
                while (message := read_message(incoming)) is not None:
                    self.requests.append(message)
                    odoo.sendall(b"".join(message))
                    answer = read_message(outgoing)
                    if answer is None:
                        return
                    client.sendall(b"".join(answer))
                    if answer[0].startswith(b"HTTP/1.0") or b"connection: close" in answer[0].lower():
                        return
        except OSError:
            pass

    def close(self):
        self.listener.close()


def describe(message):
    """`POST /web/dataset/call_kw search_read` of a recorded request."""
    head, body = message
    line = head.split(b"\r\n", 1)[0].decode().rsplit(" ", 1)[0]
    method = re.search(rb'"method": ?"(?!call")([a-z_]+)"', body)
    return f"{line} {method[1].decode()}" if method else line


# ------------------------------------------------------------------------------------------ odoo-mcp
class Mcp:
    """The program over standard input and output."""

    def __init__(self, binary, folder, variables, url):
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "ODOO_URL": url, **variables}
        self.number = 0
        self.log = open(folder / "stderr.log", "ab")
        self.process = subprocess.Popen(
            [str(binary), "serve", "--policy", str(folder / "policy.json"), "--state-dir", str(folder / "state")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, cwd=folder, env=environment, bufsize=0)
        self.lines = self.process.stdout and os.fdopen(os.dup(self.process.stdout.fileno()), "rb")

    def write(self, method, params=None, answered=True):
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        if answered:
            self.number += 1
            message["id"] = self.number
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        return self.number

    def read(self):
        """The next answer, with the bytes of its line; notifications are passed over."""
        while line := self.lines.readline():
            message = json.loads(line)
            if "id" in message and "method" not in message:
                return message, len(line)
        sys.exit(f"odoo-mcp ended; its log is:\n{pathlib.Path(self.log.name).read_text()[-3000:]}")

    def initialize(self):
        self.write("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                                  "clientInfo": {"name": "bench", "version": "1"}})
        answer, _ = self.read()
        if "result" not in answer:
            sys.exit(f"initialize: {answer}")
        self.write("notifications/initialized", answered=False)

    def ask(self):
        return self.write("tools/call", {"name": "odoo_search_read", "arguments": {
            "model": "res.partner", "domain": [], "fields": FIELDS, "limit": ROWS}})

    def call(self):
        self.ask()
        return checked(*self.read())

    def many(self, count, in_flight):
        """`count` calls with that many under way at any time."""
        for _ in range(min(count, in_flight)):
            self.ask()
        for answered in range(count):
            checked(*self.read())
            if answered + in_flight < count:
                self.ask()

    def resident_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s*(\d+)", status)[1]) / 1024

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.lines.close()
        self.process.stdout.close()
        self.log.close()


def checked(answer, size):
    result = answer.get("result") or {}
    rows = (result.get("structuredContent") or {}).get("records")
    if result.get("isError") or not isinstance(rows, list) or len(rows) != ROWS:
        sys.exit(f"unexpected answer: {json.dumps(answer)[:600]}")
    return answer, size


# --------------------------------------------------------------------------------------- measurements
def clock(action):
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def middle(values, part=0.5):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def in_turns(actions, rounds, warm_up):
    """Milliseconds per action; each round runs all of them, beginning with another one each time."""
    times = {name: [] for name in actions}
    names = list(actions)
    for number in range(-warm_up, rounds):
        for offset in range(len(names)):
            name = names[(number + offset) % len(names)]
            spent = clock(actions[name])
            if number >= 0:
                times[name].append(spent)
    return times


def raw_many(host, port, request, count, in_flight):
    work = queue.SimpleQueue()
    for _ in range(count):
        work.put(request)

    def worker():
        raw = Raw(host, port)
        while True:
            try:
                raw.send(work.get_nowait())
            except queue.Empty:
                return

    threads = [threading.Thread(target=worker) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def table(title, rows):
    print(f"\n{title}")
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(cell).ljust(width) if index == 0 else str(cell).rjust(width)
                               for index, (cell, width) in enumerate(zip(row, widths))).rstrip())


def measure_start(binary, folder, variables, url, rounds):
    def spawn_true():
        subprocess.run([shutil.which("true")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, check=True)

    times = {"spawn of `true`": [], "spawn until initialize is answered": []}
    for number in range(-3, rounds):
        floor = clock(spawn_true)
        started = time.perf_counter()
        mcp = Mcp(binary, folder, variables, url)
        mcp.initialize()
        spent = (time.perf_counter() - started) * 1000
        mcp.close()
        if number >= 0:
            times["spawn of `true`"].append(floor)
            times["spawn until initialize is answered"].append(spent)
    floor = middle(times["spawn of `true`"])
    table(f"start, {rounds} times each in turns (floor: spawn of `true`)",
          [("", "p50 ms", "p90 ms", "x floor")] +
          [(name, f"{middle(t):.2f}", f"{middle(t, .9):.2f}", f"{middle(t) / floor:.2f}") for name, t in times.items()])


def measure_calls(arguments, env, host, port, credential, variables, folder):
    url = f"http://{host}:{port}"
    # What does it send? Nothing before the first call, and then which request for a warm one?
    proxy = Proxy(host, port)
    mcp = Mcp(arguments.binary, folder, variables, proxy.url)
    mcp.initialize()
    mcp.write("tools/list", {})
    mcp.read()
    time.sleep(0.5)
    early_requests, early_connections = len(proxy.requests), proxy.connections
    mcp.call()
    first = [describe(message) for message in proxy.requests]
    mcp.call()
    before = len(proxy.requests)
    answer, size = mcp.call()
    warm = proxy.requests[before:]
    mcp.close()
    proxy.close()
    table(f"requests to Odoo ({credential})", [
        ("before the first call: connections", early_connections),
        ("before the first call: requests", early_requests),
        ("for the first call", len(first)),
        ("for a warm call", len(warm)),
    ])
    print("  the first call sent:", "; ".join(first))
    if not warm:
        sys.exit("a warm call sent nothing to Odoo, so there is nothing to compare it with")
    head, body = warm[-1]
    same = re.sub(rb"(?im)^host:[^\r]*", f"Host: {host}:{port}".encode(), head) + body
    floor_name = f"raw, the same bytes ({describe(warm[-1])})"

    mcp = Mcp(arguments.binary, folder, variables, url)
    mcp.initialize()
    resident_at_start = mcp.resident_mb()
    raw = {floor_name: same, **named_requests(env, host, port)}
    sizes = {}
    for name, request in raw.items():
        head, body = Raw(host, port).send(request)
        parsed = json.loads(body)
        if not head.split(b" ", 2)[1] == b"200" or isinstance(parsed, dict) and "error" in parsed:
            sys.exit(f"{name}: {body[:500]!r}")
        sizes[name] = len(body)
    clients = {name: Raw(host, port) for name in raw}
    actions = {name: (lambda name=name: json.loads(clients[name].send(raw[name])[1])) for name in raw}
    actions["odoo-mcp odoo_search_read"] = mcp.call
    times = in_turns(actions, arguments.calls, WARM_UP_CALLS)
    floor = middle(times[floor_name])
    table(f"one call at a time ({credential}), {arguments.calls} each in turns, {ROWS} rows x {len(FIELDS)} fields",
          [("", "p50 ms", "p99 ms", "p50 x floor")] +
          [(name, f"{middle(t):.2f}", f"{middle(t, .99):.2f}", f"{middle(t) / floor:.3f}") for name, t in times.items()])

    count = arguments.parallel * 6
    bound = f"raw, the same bytes, {arguments.bound} in flight"
    wide = f"raw, the same bytes, {arguments.parallel} in flight"
    through = f"odoo-mcp, {arguments.parallel} calls in flight"
    times = in_turns({
        bound: lambda: raw_many(host, port, same, count, arguments.bound),
        wide: lambda: raw_many(host, port, same, count, arguments.parallel),
        through: lambda: mcp.many(count, arguments.parallel),
    }, arguments.rounds, 1)
    floor = middle(times[bound])
    table(f"in parallel ({credential}), {count} calls, {arguments.rounds} rounds in turns",
          [("", "calls/s", "throughput x raw with the same bound")] +
          [(name, f"{count * 1000 / middle(t):.0f}", f"{floor / middle(t):.3f}") for name, t in times.items()])

    done = WARM_UP_CALLS + arguments.calls + count * (arguments.rounds + 1)
    if done < 1000:
        mcp.many(1000 - done, arguments.bound)
        done = 1000
    table(f"resident memory ({credential})", [
        ("after initialize", f"{resident_at_start:.1f} MB"),
        (f"after {done} calls", f"{mcp.resident_mb():.1f} MB"),
    ])
    mcp.close()

    result = answer["result"]
    structured = len(json.dumps(result["structuredContent"], separators=(",", ":"), ensure_ascii=False).encode())
    text = sum(len(part.get("text", "").encode()) for part in result.get("content", []))
    floor = sizes[floor_name]
    table(f"bytes of one answer ({credential})",
          [("", "bytes", "x floor")] +
          [(name, size_, f"{size_ / floor:.2f}") for name, size_ in sizes.items()] +
          [("odoo-mcp, structured content", structured, f"{structured / floor:.2f}"),
           ("odoo-mcp, text", text, f"{text / floor:.2f}"),
           ("odoo-mcp, whole line", size, f"{size / floor:.2f}")])


def main():
    repository = pathlib.Path(__file__).resolve().parents[2]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", repository / "target"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("env_file")
    parser.add_argument("--binary", default=target / "release" / "odoo-mcp", type=pathlib.Path)
    parser.add_argument("--calls", default=200, type=int, help="sequential calls per row (200)")
    parser.add_argument("--rounds", default=5, type=int, help="rounds of parallel calls (5)")
    parser.add_argument("--parallel", default=40, type=int, help="calls in flight (40)")
    parser.add_argument("--bound", default=6, type=int, help="requests to Odoo at once that odoo-mcp allows itself (6)")
    parser.add_argument("--starts", default=30, type=int, help="starts of the program (30)")
    parser.add_argument("--credential", choices=["password", "api_key"], action="append")
    arguments = parser.parse_args()
    env = dict(line.strip().split("=", 1) for line in open(arguments.env_file) if "=" in line)
    url = urllib.parse.urlsplit(env["URL"])
    if url.scheme != "http":
        sys.exit("the proxy reads plain HTTP only")
    arguments.binary = arguments.binary.resolve()
    if not arguments.binary.exists():
        sys.exit(f"{arguments.binary} does not exist; run: cargo build --release")
    print(f"odoo-mcp {arguments.binary.stat().st_size / 1e6:.1f} MB, Odoo {raw_version(url.hostname, url.port)}, {os.cpu_count()} cores")
    for credential in arguments.credential or ["password", "api_key"]:
        secret = {"ODOO_PASSWORD": env["PASSWORD"]} if credential == "password" else {"ODOO_API_KEY": env["API_KEY"]}
        variables = {"ODOO_DB": env["DB"], "ODOO_USERNAME": env["LOGIN"], **secret}
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "policy.json").write_text(json.dumps(
                {"version": "1", "default": "deny", "tools": {"odoo_search_read": {}}}))
            if credential == (arguments.credential or ["password"])[0]:
                measure_start(arguments.binary, folder, variables, env["URL"], arguments.starts)
            measure_calls(arguments, env, url.hostname, url.port, credential, variables, folder)


main()
