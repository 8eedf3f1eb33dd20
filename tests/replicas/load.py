#!/usr/bin/env python3
"""Three servers under load: one limit, a store that goes away in the middle, an approval that three want.

The calls go to the practice Odoo of a server of its own, or to a real one whose file of variables is named
by `ODOO_E2E_19` or `ODOO_E2E_14`; either way through a door that counts what reaches Odoo.
"""

import concurrent.futures
import http.client
import http.server
import json
import os
import pathlib
import re
import secrets
import signal
import threading
import time
import urllib.parse
import urllib.request

from servers import (POLICY_FILE, SCRATCH, STORE, WORKERS_PER_REPLICA, Client, Server, at_once, check, command, control,
                     eventually, finish, verified)

LIMIT = 150
TRIES_PER_REPLICA = 80
COUNT = {"model": "res.partner"}
POLICY = {
    "version": "1",
    "default": "deny",
    "tools": {
        "odoo_version": {},
        "odoo_connections": {},
        "odoo_search_count": {"limits": [{"counter": "few", "window": "day", "max": LIMIT, "scope": "global"}]},
        "odoo_search": {"limits": [{"counter": "many", "window": "day", "max": 1000000, "scope": "global"}]},
        "odoo_fields_get": {"action": "require_approval"},
    },
}


class Door(http.server.BaseHTTPRequestHandler):
    """Hands everything on, and counts the requests that name `search`."""

    protocol_version = "HTTP/1.1"
    target = None
    seen = 0
    lock = threading.Lock()

    def pass_on(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if b"search" in body or "search" in self.path:
            with Door.lock:
                Door.seen += 1
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("host", "connection", "accept-encoding")}
        connection = http.client.HTTPConnection(Door.target.hostname, Door.target.port, timeout=60)
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_HEAD = pass_on

    def log_message(self, *_):
        pass


def real_odoo():
    """What the variables file of a real Odoo says, if one is named."""
    file = os.environ.get("ODOO_E2E_19") or os.environ.get("ODOO_E2E_14")
    if not file:
        return None
    lines = [line.split("=", 1) for line in pathlib.Path(file).read_text().splitlines() if "=" in line]
    return {name.removeprefix("export ").strip(): value.strip().strip("'\"") for name, value in lines}


def practice_odoo(token):
    """The account of the practice Odoo of this server."""
    client = Client(lender)
    client.call("odoo_connections")
    url = re.search(r"http://127\.0\.0\.1:\d+", json.dumps(client.said)).group()
    asked = urllib.request.Request(f"{url}/_sandbox/account", headers={"X-Sandbox-Token": token})
    account = json.load(urllib.request.urlopen(asked, timeout=10))
    return {"URL": url, "DB": account["db"], "LOGIN": account["login"], "PASSWORD": account["password"]}


def while_loaded(servers, what):
    """Calls at all servers for as long as `what` runs: the answers with the moments they came."""
    stop, answers = threading.Event(), []

    def worker(server):
        client, mine = Client(server), []
        while not stop.is_set():
            try:
                answer = client.call("odoo_search", **COUNT)
            except (OSError, http.client.HTTPException):
                # The server was killed; whoever calls another one goes on.
                answer = "gone"
                time.sleep(0.1)
                try:
                    client = Client(server)
                except (OSError, http.client.HTTPException):
                    pass
            mine.append((time.monotonic(), answer))
        return mine

    with concurrent.futures.ThreadPoolExecutor(len(servers) * 4) as pool:
        jobs = [pool.submit(worker, server) for server in servers for _ in range(4)]
        try:
            time.sleep(1)
            what()
            time.sleep(1)
        finally:
            stop.set()
        for job in jobs:
            answers.extend(job.result())
    return sorted(answers)


def outage(servers, mode):
    moments = {}

    def happen():
        control("stop", mode)
        moments["gone"] = time.monotonic()
        time.sleep(1)
        moments["seen"] = Door.seen
        time.sleep(2)
        moments["seen_later"] = Door.seen
        moments["coming"] = time.monotonic()
        control("start")
        moments["back"] = time.monotonic()
        time.sleep(4)

    answers = while_loaded(servers, happen)
    every = {answer for _, answer in answers}
    during = {answer for at, answer in answers if moments["gone"] + 1 < at < moments["coming"]}
    check(f"stopped in mode {mode} under load: every answer is done or `store_unreachable`",
          every <= {"ok", "store_unreachable"}, every)
    check("while it is away, all are refused", during == {"store_unreachable"}, during)
    check("and nothing reaches Odoo", moments["seen"] == moments["seen_later"], moments)
    for server in servers:
        eventually("a server recovers", lambda server=server: Client(server).call("odoo_search", **COUNT) == "ok", 10)


def main():
    POLICY_FILE.write_text(json.dumps(POLICY))
    odoo = real_odoo()
    if odoo is None:
        token = secrets.token_hex(16)
        global lender
        lender = Server("lender", ODOO_MCP_SANDBOX_TOKEN=token)
        odoo = practice_odoo(token)
    Door.target = urllib.parse.urlsplit(odoo["URL"])
    door = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    door.daemon_threads = True
    threading.Thread(target=door.serve_forever, daemon=True).start()
    variables = {"ODOO_URL": f"http://127.0.0.1:{door.server_port}", "ODOO_DB": odoo["DB"],
                 "ODOO_USERNAME": odoo["LOGIN"], "ODOO_PASSWORD": odoo["PASSWORD"]}
    servers = [Server(name, STORE, (), **variables) for name in ("one", "two", "three")]
    try:
        under_load(servers)
    finally:
        for server in servers:
            server.stop(signal.SIGKILL)


def under_load(servers):
    one, two, three = servers
    # The first call signs in and asks for versions.
    for server in servers:
        Client(server).call("odoo_search", **COUNT)
    before = Door.seen
    counts, _ = at_once(servers, "odoo_search_count", TRIES_PER_REPLICA, **COUNT)
    check(f"of {TRIES_PER_REPLICA * 3} calls at three servers, exactly {LIMIT} pass",
          counts == {"ok": LIMIT, "denied": TRIES_PER_REPLICA * 3 - LIMIT}, counts)
    check("and exactly as many reach Odoo", Door.seen - before == LIMIT, Door.seen - before)

    for _ in range(3):
        asked = Client(one).call("odoo_fields_get", model="res.partner")
        status, text = command(one.folder, STORE, "approvals", "--json")
        waiting = json.loads(text)["approvals"] if status == 0 else []
        status, text = command(one.folder, STORE, "approvals", "grant", waiting[0]["id"]) if waiting else (1, text)
        check("what is asked at one server is granted there", asked == "needs_approval" and status == 0, (asked, text))
        clients = [Client(server) for server in (two, three) for _ in range(WORKERS_PER_REPLICA // 2)]
        barrier = threading.Barrier(len(clients))

        def race(client, barrier=barrier):
            barrier.wait()
            return client.call("odoo_fields_get", model="res.partner")

        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            answers = list(pool.map(race, clients))
        check(f"and used once by the {len(clients)} that want it at the others",
              sorted(set(answers)) == ["needs_approval", "ok"] and answers.count("ok") == 1, answers)

    for mode in ("fast", "immediate"):
        outage(servers, mode)

    def kill():
        three.stop(signal.SIGKILL)
        time.sleep(1)
        three.start()

    answers = while_loaded(servers, kill)
    every = {answer for _, answer in answers}
    check("a server is killed under load, and the others go on", every == {"ok", "gone"}, every)
    check("a limit that was used up still is", Client(three).call("odoo_search_count", **COUNT) == "denied")
    for server in servers:
        server.stop()
    status, report = verified(one.folder, STORE)
    check("the chain holds after all of it", status == 0 and report["ok"], report)
    for server in servers:
        status, text = command(server.folder, None, "audit", "verify")
        check(f"so does the copy of `{server.folder.name}`", status == 0, text)


lender = None
if __name__ == "__main__":
    try:
        main()
    finally:
        if lender:
            lender.stop(signal.SIGKILL)
    finish()
