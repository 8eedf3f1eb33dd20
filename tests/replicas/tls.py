#!/usr/bin/env python3
"""TLS to the store: what is trusted, what is refused, and that no password is ever told.

`run` made a certificate for `localhost` by an authority of its own, and a role that comes in over TLS only.
"""

import json
import os
import time

from servers import POLICY_FILE, SCRATCH, Client, Server, check, command, control, finish

PORT, PASSWORD = os.environ["REPLICAS_PORT"], os.environ["REPLICAS_PASSWORD"]
CA, OTHER_CA = SCRATCH / "ca.pem", SCRATCH / "other.pem"
# Everything that any command said.
told = []


def address(host, options, user="secured", password=True):
    secret = f":{PASSWORD}" if password else ""
    return f"postgres://{user}{secret}@{host}:{PORT}/secured{options}"


def doctor(store, **more):
    """What `doctor` says of the store."""
    _, text = command(SCRATCH / "doctor", store, "doctor", "--json", **more)
    told.append(text)
    try:
        checks = json.loads(text[text.index("{"):])["checks"]
    except ValueError:
        return "broken", text
    found = [entry for entry in checks if entry["check"] in ("store", "settings") and entry["state"] != "ok"]
    found += [entry for entry in checks if entry["check"] == "store"]
    return (found[0]["state"], found[0]["found"]) if found else ("none", text)


def refused(what, store, *words, **more):
    state, found = doctor(store, **more)
    check(what, state == "broken" and all(word in found for word in words), (state, found))


def main():
    POLICY_FILE.write_text('{"version": "1", "default": "deny", "tools": {"odoo_version": {}}}')
    for mode in ("require", "verify-full"):
        refused(f"`sslmode={mode}` and a server without TLS", address("localhost", f"?sslmode={mode}"),
                "TLS cannot be used", "does not support TLS")
    control("tls")
    for mode in ("require", "verify-ca", "verify-full"):
        state, found = doctor(address("localhost", f"?sslmode={mode}&sslrootcert={CA}"))
        check(f"`sslmode={mode}` with the right authority is let in, over TLS",
              state == "ok" and "TLSv1.3, verified" in found and "tables of version" in found, (state, found))
        refused(f"`sslmode={mode}` with another authority", address("localhost", f"?sslmode={mode}&sslrootcert={OTHER_CA}"),
                "is not trusted", "UnknownIssuer")
        refused(f"`sslmode={mode}` with another name in the certificate",
                address("127.0.0.1", f"?sslmode={mode}&sslrootcert={CA}"), "is not trusted", "not valid for name")
    refused("the authorities of the system do not know it", address("localhost", "?sslmode=require"), "is not trusted")
    refused("an authority's file that is not there", address("localhost", f"?sslrootcert={SCRATCH}/none.pem"), "certificates")
    refused("a file without any certificate", address("localhost", f"?sslrootcert={POLICY_FILE}"), "certificates")
    state, found = doctor(address("localhost", f"?sslrootcert={CA}"))
    check("an authority alone means TLS, on this machine, too", state == "ok" and "TLSv1.3" in found, (state, found))
    refused("this machine goes without TLS, which this role may not", address("localhost", ""), "28000")
    refused("a wrong password", address("localhost", f"?sslrootcert={CA}", password=False), "28P01",
            ODOO_MCP_STORE_PASSWORD=f"{PASSWORD}-wrong")
    refused("no password", address("localhost", f"?sslrootcert={CA}", password=False), "password missing")
    for mode in ("prefer", "allow", "verify", ""):
        refused(f"`sslmode={mode}` is no word of ours", address("localhost", f"?sslmode={mode}"), "`sslmode` is `verify-full`")
    state, found = doctor(address("localhost", f"?sslrootcert={CA}", password=False), ODOO_MCP_STORE_PASSWORD=PASSWORD)
    check("the password may come beside the address", state == "ok", (state, found))
    state, found = doctor(f"postgres://plain:{PASSWORD}@{str(SCRATCH / 'socket').replace('/', '%2F')}:{PORT}/secured")
    check("a socket of this machine needs no TLS", state == "ok" and "no TLS" in found, (state, found))

    # What somebody has to mend ends a start at once, however long it may wait.
    for what, store in (("an authority that is not its own", address("localhost", f"?sslrootcert={OTHER_CA}")),
                        ("a wrong password", address("localhost", f"?sslrootcert={CA}") .replace(PASSWORD, f"{PASSWORD}-wrong")),
                        ("a database that is not there", address("localhost", f"?sslrootcert={CA}").replace("/secured?", "/nothing?"))):
        started = time.monotonic()
        status, text = command(SCRATCH / "wrong", store, "serve", "--sandbox", ODOO_MCP_STORE_WAIT_MS="60000")
        told.append(text)
        check(f"with {what}, `serve` ends at once", status == 64 and time.monotonic() - started < 30, (status, text))

    secured = Server("secured", address("localhost", f"?sslmode=verify-full&sslrootcert={CA}"))
    client = Client(secured)
    check("a server works over TLS", client.call("odoo_version") == "ok")
    control("stop")
    told.append(json.dumps([client.call("odoo_version"), client.said]))
    control("start")
    for arguments in (("config",), ("config", "--check"), ("policy", "verify-log", "--json"), ("audit", "show"), ("approvals",)):
        told.append(command(secured.folder, secured.store, *arguments)[1])
    secured.stop()
    told.append(secured.said())
    log = (secured.folder / "audit.jsonl").read_text()
    check("no password is told by any of them", not any(PASSWORD in text for text in (*told, log)),
          [text for text in told if PASSWORD in text])


if __name__ == "__main__":
    main()
    finish()
