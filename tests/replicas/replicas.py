#!/usr/bin/env python3
"""Three servers, one store: what they share, what they say when it is away, and what it costs.

Starts the servers, asks them over HTTP as a client would, and looks at the log they share. The store
itself is started and stopped by the commands that `run` gives.
"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import time

PROGRAM, SCRATCH, STORE = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
STOP_STORE, START_STORE = sys.argv[4], sys.argv[5]
REPLICAS = 3
# More calls than the limit allows, from every server at once.
LIMIT = 120
TRIES_PER_REPLICA = 80
WORKERS_PER_REPLICA = 8
MEASURED_CALLS = 600
WAIT_SECONDS = 30

POLICY = {
    "version": "1",
    "default": "deny",
    "tools": {
        "odoo_version": {},
        "odoo_connections": {},
        "odoo_search_count": {
            "limits": [{"counter": "few", "window": "day", "max": LIMIT, "scope": "global"}]
        },
        "odoo_search": {"limits": [{"counter": "many", "window": "day", "max": 100000, "scope": "global"}]},
        "odoo_list_models": {"limits": [{"counter": "slow", "window": "day", "max": 3, "scope": "global"}]},
        "odoo_fields_get": {"action": "require_approval"},
    },
}

results = []


def check(what, holds, detail=""):
    results.append(holds)
    print(f"{'ok    ' if holds else 'FAILED'} {what}{'' if holds else f': {detail}'}", flush=True)


def environment(folder, store):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    kept |= {"ODOO_MCP_KEY": KEY, "ODOO_MCP_STATE_DIR": str(folder), "ODOO_MCP_POLICY": str(POLICY_FILE)}
    return kept | ({"ODOO_MCP_STORE": store} if store else {})


def command(folder, store, *arguments, given=None):
    done = subprocess.run([PROGRAM, *arguments], env=environment(folder, store), input=given,
                          capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


class Server:
    def __init__(self, name, store=None):
        self.folder, self.store = SCRATCH / name, store
        self.log = open(SCRATCH / f"{name}.log", "ab")
        self.start()

    def start(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--sandbox", "--http", f"127.0.0.1:{self.port}"],
            env=environment(self.folder, self.store), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    sys.exit(f"a server did not start; see {self.log.name}\n" + pathlib.Path(self.log.name).read_text()[-3000:])
                time.sleep(0.05)

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)


class Client:
    """One session of one server."""

    def __init__(self, server, token=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.number = 0
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
        """`ok`, or the code of the refusal."""
        status, body, _ = self.post("tools/call", {"name": tool, "arguments": arguments})
        if status != 200:
            return f"http {status}"
        text = body.decode()
        if text.startswith(("event:", "data:", "id:")):
            text = [line[5:] for line in text.splitlines() if line.startswith("data:") and line[5:].strip()][-1]
        result = json.loads(text).get("result")
        if result is None:
            return text
        if not result.get("isError"):
            return "ok"
        said = result.get("structuredContent") or {}
        self.said = said
        return said.get("code") or said.get("error", {}).get("code") or json.dumps(result)


def at_once(servers, tool, tries, token=None, **arguments):
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


KEY = secrets.token_hex(32)
POLICY_FILE = SCRATCH / "policy.json"
POLICY_FILE.write_text(json.dumps(POLICY))
COUNT = {"model": "res.partner"}


def main():
    # Some state of one server alone, which then moves.
    before = SCRATCH / "one"
    alone = Server("one")
    client = Client(alone)
    for _ in range(20):
        if client.call("odoo_search_count", **COUNT) != "ok":
            sys.exit("the first server does not answer calls")
    code = client.call("odoo_fields_get", model="res.partner")
    check("a call that needs an approval is put to a person", code == "needs_approval", code)
    counts, file_spent = at_once([alone], "odoo_search", MEASURED_CALLS, **COUNT)
    check("the file store answers every measured call", counts == {"ok": MEASURED_CALLS}, counts)

    status, text = command(before, None, "store", "move", "--to", STORE)
    check("nothing moves while a server runs", status != 0 and "runs" in text, text)
    alone.stop()
    _, lines_before = verified(before, None)
    status, text = command(before, None, "store", "move", "--to", STORE)
    check("the state of the files moves to the store", status == 0, text)
    status, text = command(before, None, "store", "move", "--to", STORE)
    check("it does not move a second time over what is there", status != 0, text)
    status, report = verified(before, STORE)
    check("the chain in the store is the one of the files",
          status == 0 and report["lines"] == lines_before["lines"], (lines_before, report))

    wrong = environment(SCRATCH / "wrong", STORE) | {"ODOO_MCP_KEY": secrets.token_hex(32)}
    done = subprocess.run([PROGRAM, "serve"], env=wrong, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)
    check("a server with another key does not start", done.returncode == 64 and "same one" in done.stderr, done.stderr)

    servers = [Server(name, STORE) for name in ("one", "two", "three")]
    try:
        together(servers, file_spent)
    finally:
        for server in servers:
            server.stop(signal.SIGKILL)


def together(servers, file_spent):
    one, two, three = servers
    counts, _ = at_once(servers, "odoo_search_count", TRIES_PER_REPLICA, **COUNT)
    # Twenty were charged before the move.
    check(f"of {REPLICAS * TRIES_PER_REPLICA} calls at three servers, exactly what the limit leaves passes",
          counts.get("ok") == LIMIT - 20 and set(counts) == {"ok", "denied"}, counts)

    first, second, third = Client(one), Client(two), Client(three)
    status, text = command(one.folder, STORE, "approvals", "--json")
    waiting = json.loads(text)["approvals"] if status == 0 else []
    check("what was asked before the move waits for an answer", len(waiting) == 1, text)
    granted = [command(two.folder, STORE, "approvals", "grant", entry["id"]) for entry in waiting]
    check("another server's command line grants it", granted and granted[0][0] == 0, granted)
    answers = [client.call("odoo_fields_get", model="res.partner") for client in (third, first, second)]
    check("a third server uses it, and nobody does twice", answers == ["ok", "needs_approval", "needs_approval"], answers)

    status, text = command(one.folder, STORE, "policy", "pause", "--reason", "test")
    eventually("a pause said at one server stops another", lambda: second.call("odoo_version") == "paused", 10)
    command(three.folder, STORE, "policy", "resume")
    eventually("and is lifted at a third", lambda: second.call("odoo_version") == "ok", 10)

    # A server dies; what it had reserved stays reserved.
    killed = Client(three)
    passed = [killed.call("odoo_list_models") for _ in range(2)]
    three.stop(signal.SIGKILL)
    left = [first.call("odoo_list_models"), second.call("odoo_list_models")]
    check("charges of a killed server are not lost", passed == ["ok", "ok"] and left == ["ok", "denied"], (passed, left))
    three.start()
    check("it starts again and knows them", Client(three).call("odoo_list_models") == "denied")

    counts, spent = at_once([one], "odoo_search", MEASURED_CALLS, **COUNT)
    check("one server answers every measured call", counts == {"ok": MEASURED_CALLS}, counts)
    counts, spent_together = at_once(servers, "odoo_search", MEASURED_CALLS, **COUNT)
    check("three servers answer every measured call", counts == {"ok": MEASURED_CALLS * 3}, counts)
    rate, alone, all_three = (MEASURED_CALLS * times / seconds for times, seconds in
                              ((1, file_spent), (1, spent), (3, spent_together)))
    print(f"calls per second: files {rate:.0f}, one server on the store {alone:.0f} ({alone / rate:.2f} of it), "
          f"three servers {all_three:.0f} ({all_three / rate:.2f} of it)", flush=True)

    # The store goes away, and comes back.
    first = Client(one)
    check("before the outage all is well", first.call("odoo_version") == "ok")
    subprocess.run(STOP_STORE, shell=True, check=True, capture_output=True)
    codes = {client.call(tool, **arguments) for client in (first, second) for tool, arguments in
             (("odoo_version", {}), ("odoo_search", COUNT), ("odoo_fields_get", {"model": "res.users"}), ("odoo_connections", {}))}
    check("without the store every call is denied with one code", codes == {"store_unreachable"}, codes)
    time.sleep(3)
    codes = {first.call("odoo_version"), Client(two).call("odoo_version")}
    check("and still is after a while", codes == {"store_unreachable"}, codes)
    subprocess.run(START_STORE, shell=True, check=True, capture_output=True)
    for name, client in (("first", first), ("second", second), ("third", Client(three))):
        eventually(f"the {name} server recovers by itself", lambda client=client: client.call("odoo_search", **COUNT) == "ok")
    codes = {client.call("odoo_search_count", **COUNT) for client in (first, second)}
    check("a limit that was used up still is", codes == {"denied"}, codes)

    people(servers)

    for server in servers:
        server.stop()
    status, report = verified(one.folder, STORE)
    check("the chain in the store holds", status == 0 and report["ok"], report)
    check("every call that was opened was closed, but those of the killed server",
          0 <= report.get("calls_opened", 0) - report.get("calls_closed", 0) <= 2, report)
    for server in servers:
        status, text = command(server.folder, None, "audit", "verify")
        check(f"the copy of `{server.folder.name}` holds, too", status == 0, text)
    status, text = command(one.folder, STORE, "store", "move", "--to", "files")
    check("the state moves back to files", status == 0, text)
    status, back = verified(one.folder, None)
    check("with the same chain", status == 0 and back["lines"] == report["lines"], (report["lines"], back))


def people(servers):
    """Accounts are made at one server, tokens revoked at another."""
    one, two, three = servers
    status, text = command(one.folder, STORE, "user", "add", "anna", "--no-password")
    if status != 0:
        check("an account is made", False, text)
        return
    status, text = command(two.folder, STORE, "token", "create", "--user", "anna", "--name", "replicas", "--json")
    found = re.search(r"omcp_pat_[A-Za-z0-9_-]+", text)
    token = found.group() if found else None
    check("a token is made at another server", token is not None, text)
    # A server asks who may come in when it starts.
    for server in servers:
        server.stop()
        server.start()
    check("and lets in at a third", Client(three, token).call("odoo_version") == "ok")
    status, text = command(three.folder, STORE, "token", "list", "--json")
    listed = re.findall(r'"id": *"([0-9a-f]+)"', text)
    open_client = Client(two, token)
    for entry in listed:
        status, text = command(one.folder, STORE, "token", "revoke", entry)
    check("it is revoked at the first", bool(listed) and status == 0, text)
    refused = [open_client.call("odoo_version"), f"http {Client(three, token).status}"]
    check("and refused at the others at once", refused == ["http 401", "http 401"], refused)


if __name__ == "__main__":
    main()
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)
