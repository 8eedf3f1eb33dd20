#!/usr/bin/env python3
"""Three servers, one store: what they share, what they say when it is away, and what it costs.

Starts the servers, asks them over HTTP as a client would, and looks at the log they share. The store
itself is started and stopped by the commands that `run` gives.
"""

import concurrent.futures
import json
import re
import secrets
import signal
import subprocess
import sys
import time

from servers import (PROGRAM, SCRATCH, STORE, POLICY_FILE, Browser, Client, Server, at_once, check, command, control,
                     environment, eventually, finish, verified)

REPLICAS = 3
# More calls than the limit allows, from every server at once.
LIMIT = 120
TRIES_PER_REPLICA = 80
MEASURED_CALLS = 600

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
        "memory_list": {},
        "memory_read": {},
        "memory_write": {},
        "memory_delete": {},
    },
    "memory": {"shared": {"mode": "normal"}},
}

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
    client.call("memory_write", filename="before", content="written before the move")
    client.call("memory_write", filename="before", content="and changed before the move")
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
    _, text = command(three.folder, STORE, "doctor", "--json")
    check("`doctor` at a third tells of it, and of the store", '"pause"' in text and "answers in" in text, text)
    command(three.folder, STORE, "policy", "resume")
    eventually("and is lifted at a third", lambda: second.call("odoo_version") == "ok", 10)

    first.call("odoo_search_count", model="res.currency")
    _, text = command(two.folder, STORE, "audit", "show", "--last", "6")
    check("the log that one server shows has the call of another", "res.currency" in text, text)

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
    control("stop")
    codes = {client.call(tool, **arguments) for client in (first, second) for tool, arguments in
             (("odoo_version", {}), ("odoo_search", COUNT), ("odoo_fields_get", {"model": "res.users"}), ("odoo_connections", {}))}
    check("without the store every call is denied with one code", codes == {"store_unreachable"}, codes)
    time.sleep(3)
    codes = {first.call("odoo_version"), Client(two).call("odoo_version")}
    check("and still is after a while", codes == {"store_unreachable"}, codes)
    late = Server("late", STORE, is_awaited=False)
    hurried = Server("hurried", STORE, is_awaited=False, ODOO_MCP_STORE_WAIT_MS="1000")
    hurried.process.wait(30)
    check("a server whose wait is over says so and stops",
          hurried.process.returncode == 64 and "cannot be reached" in hurried.said(), hurried.said())
    check("one that may wait longer waits, without listening", late.process.poll() is None and not late.listens(), late.said())
    control("start")
    eventually("and serves as soon as the store answers", late.listens)
    check("with what everybody shares", Client(late).call("odoo_search_count", **COUNT) == "denied")
    late.stop()
    for name, client in (("first", first), ("second", second), ("third", Client(three))):
        eventually(f"the {name} server recovers by itself", lambda client=client: client.call("odoo_search", **COUNT) == "ok")
    codes = {client.call("odoo_search_count", **COUNT) for client in (first, second)}
    check("a limit that was used up still is", codes == {"denied"}, codes)

    people(servers)
    memory(servers)

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
    # Whoever has the log open may sign it once more on the way.
    calls = [chain.get("lines", 0) - chain.get("checkpoints", 0) for chain in (report, back)]
    alone = Server("one")
    client = Client(alone)
    read = client.call("memory_read", filename="plan", scope="shared")
    check("and the notes", read == "ok" and "another text" in json.dumps(client.said), client.said)
    alone.stop()
    check("with the same chain", status == 0 and calls[0] == calls[1], (report, back))


def memory(servers):
    """Notes are written at one server, read, found and changed at others."""
    one, two, three = (Client(server) for server in servers)
    moved = two.call("memory_read", filename="before")
    check("notes of before the move are there, with their versions",
          moved == "ok" and "and changed before" in json.dumps(two.said) and '"version": 2' in json.dumps(two.said), two.said)
    for scope in ("personal", "shared"):
        written = one.call("memory_write", filename="plan", content="the naïve discount", scope=scope)
        etag = one.said.get("etag")
        read = two.call("memory_read", filename="plan", scope=scope)
        check(f"a {scope} note of one server is read at another",
              (written, read) == ("ok", "ok") and "the naïve discount" in json.dumps(two.said, ensure_ascii=False), two.said)
        found = three.call("memory_list", query="naive disc", scope=scope)
        check("and found at a third by its words", found == "ok" and "plan.md" in json.dumps(three.said), three.said)
        changed = two.call("memory_write", filename="plan", content="another text", scope=scope, if_match=etag)
        late = three.call("memory_write", filename="plan", content="too late", scope=scope, if_match=etag)
        check("changed with its etag once, and the second time a conflict", (changed, late) == ("ok", "conflict"), (changed, late))
        three.call("memory_list", query="naive", scope=scope)
        gone = "plan.md" not in json.dumps(three.said)
        one.call("memory_list", query="another", scope=scope)
        check("a search finds what is there now, at every server", gone and "plan.md" in json.dumps(one.said), one.said)

        def append(at, scope=scope):
            client = Client(servers[at % len(servers)])
            return client.call("memory_write", filename="log", content=f"line {at}.", scope=scope, mode="append")

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(append, range(24)))
        one.call("memory_read", filename="log", scope=scope)
        kept = [at for at in range(24) if f"line {at}." in json.dumps(one.said)]
        check("of 24 appended at once at all servers none is lost", set(answers) == {"ok"} and len(kept) == 24, (answers, one.said))
        deleted = three.call("memory_delete", filename="log", scope=scope)
        check("what one deletes is gone for all", (deleted, two.call("memory_read", filename="log", scope=scope)) == ("ok", "not_found"))


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
    password = secrets.token_urlsafe(18)
    status, text = command(one.folder, STORE, "user", "add", "olga", "--role", "owner", "--password-stdin", given=password)
    browser = Browser()
    browser.sign_in(one, "olga", password)
    page = browser.open(two, "/console/activity?user=anna")
    check("whoever signs in at one server sees in the console of another what was called at a third",
          status == 0 and "odoo_version" in page, page[-800:])
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    page = browser.open(two, "/console/activity/verify", csrf=csrf.group(1)) if csrf else page
    check("and the chain of all, read in the store", "The chain holds" in page and "all servers share" in page, page[-800:])
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
    finish()
