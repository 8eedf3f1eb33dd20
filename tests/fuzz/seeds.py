#!/usr/bin/env python3
"""seeds.py FOLDER: the first inputs of each fuzz target, from what the other tests already hold."""

import hashlib
import json
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
tests = here.parent
folder = pathlib.Path(sys.argv[1])


def plant(target, text):
    plant_bytes(target, text.encode("utf-8", "surrogatepass"))


def plant_bytes(target, data):
    place = folder / target
    place.mkdir(parents=True, exist_ok=True)
    (place / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def policies(value):
    """Every policy document in a case file, wherever it stands."""
    if isinstance(value, dict):
        if isinstance(value.get("policy"), dict):
            yield json.dumps(value["policy"], ensure_ascii=False)
        if isinstance(value.get("text"), str):
            yield value["text"]
        for member in value.values():
            yield from policies(member)
    elif isinstance(value, list):
        for item in value:
            yield from policies(item)


for path in sorted((tests / "policies").rglob("*.json")):
    for text in policies(json.loads(path.read_text())):
        plant("policy_file", text)
        plant("strict_json", text)
plant("policy_file", (tests.parent / "policy.json").read_text())

for name in ("arguments", "domain", "decimal", "unfolding", "approval", "decide", "extraction"):
    for path in sorted((here / "seeds").glob(f"{name}.jsonl")):
        for line in path.read_text().splitlines():
            plant(name, line)
            plant("strict_json", line)

for line in (here / "seeds" / "markup.jsonl").read_text().splitlines():
    for choice in "\0\1\2\3\4":
        plant("markup", choice + json.loads(line))

# Each character is a byte.
for line in (here / "seeds" / "documents.jsonl").read_text().splitlines():
    plant_bytes("documents", json.loads(line).encode("latin-1"))

# The manifests of the plugins that come with the program, with what `plugin pack` adds.
for path in sorted((tests.parent / "plugins").glob("*/plugin.toml")):
    packed = 'sha256 = "' + "ab" * 32 + '"\ntarget = "x86_64-unknown-linux-gnu"\n'
    plant("manifest", packed + path.read_text())
    plant("manifest", 'mode = "process"\nhost = ">=0.1, <9"\n' + packed + path.read_text())

plant("log", "E\x00\x10\x04abcd")
plant("log", "E\x01\x00\x00\n")
plant("log", '{"seq": 1, "event": "open", "prev": "' + "0" * 64 + '", "hash": "x"}\n')
