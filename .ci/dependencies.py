"""Checks the licences, the sources and the banned names of all dependencies against `.deny.toml`.

Building cargo-deny takes longer than the rest of the checks together, and these three questions
need only `cargo metadata`. Advisories are not checked here: their database is not a package.
"""

import json
import re
import subprocess
import sys
import tomllib

RULES = tomllib.load(open(".deny.toml", "rb"))
ALLOWED = set(RULES["licenses"]["allow"])
BANNED = {entry["name"]: entry["reason"] for entry in RULES["bans"]["deny"]}


def allowed(expression):
    """Evaluates a licence expression: a name is true if it is allowed. `/` is an old way to say OR."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else None

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def either():
        value = both()
        while peek() == "OR":
            take()
            value = both() or value
        return value

    def both():
        value = one()
        while peek() == "AND":
            take()
            value = one() and value
        return value

    def one():
        name = take()
        if name == "(":
            value = either()
            take()
            return value
        if peek() == "WITH":
            take()
            name = f"{name} WITH {take()}"
        return name in ALLOWED

    return either() and position == len(tokens)


def main():
    metadata = json.loads(subprocess.run(
        ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"],
        check=True, stdout=subprocess.PIPE).stdout)
    members = set(metadata["workspace_members"])
    problems, sources = [], set()
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        if package["name"] in BANNED:
            problems.append(f"{name}: {BANNED[package['name']]}")
        if package["id"] in members:
            for dependency in package["dependencies"]:
                if dependency["req"] == "*" and not dependency.get("path"):
                    problems.append(f"{name}: any version of {dependency['name']} would do")
        else:
            sources.add(package["source"])
            if not (package["source"] or "").startswith(("registry+", "sparse+")):
                problems.append(f"{name}: comes from {package['source'] or 'a folder'}, not from a registry")
        if not package["license"]:
            problems.append(f"{name}: names no licence")
        elif not allowed(package["license"]):
            problems.append(f"{name}: licence {package['license']}")
    if len(sources) > 1:
        problems.append(f"packages come from more than one place: {', '.join(sorted(map(str, sources)))}")
    for problem in problems:
        print(problem)
    print(f"{len(metadata['packages'])} packages, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
