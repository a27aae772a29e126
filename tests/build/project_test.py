#!/usr/bin/env python3
"""project_test.py SOURCE_DIR BINARY_DIR PROGRAM CTEST: what must agree in several files does.

The version is written in CMakeLists.txt alone, and the changelog and the program have the same. The
labels that .ci/run, the scripts and the presets run exist, and docs/development.md describes all. The
workflow of the forge calls .ci/run and nothing else of the project. Files of others that the program
serves are as their authors have published them.
"""

import hashlib
import pathlib
import re
import subprocess
import sys

CHANGELOG_TITLES = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
# A version of its own may stand in these: the changelog's history, recordings, and texts of others.
MAY_NAME_VERSION = ("CHANGELOG.md", "CMakeLists.txt", "LICENSE", "tests/data/")

mistakes = []


def check(what, holds):
    if not holds:
        mistakes.append(what)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def project_version(root):
    text = (root / "CMakeLists.txt").read_text(encoding="utf-8")
    return re.search(r"^project\(tidegauge VERSION (\d+\.\d+\.\d+)\b", text, re.M)[1]


def text_files(root):
    """Those of the project, without what is built and what Git keeps."""
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name.startswith((".git/", "build", ".cache/")) or "node_modules" in name or not path.is_file():
            continue
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            pass


def check_version(root, program):
    version = project_version(root)
    check(f"the program is not of version {version}", run(program, "--version").split()[1] == version)
    for name, text in text_files(root):
        if not name.startswith(MAY_NAME_VERSION):
            check(f"{name} has the version, which stands in CMakeLists.txt alone",
                  not re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.]*\d)", text))
    check_changelog(root, version)


def check_changelog(root, version):
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.M)
    check("CHANGELOG.md does not begin with ## [Unreleased]", headings[:1] == ["[Unreleased]"])
    released = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", heading) for heading in headings[1:]]
    check("a heading of CHANGELOG.md is not ## [MAJOR.MINOR.PATCH] - YYYY-MM-DD", all(released))
    versions = [match[1] for match in released if match]
    check(f"the latest version of CHANGELOG.md is not {version}", versions[:1] == [version])
    ordered = sorted(versions, key=lambda one: [int(part) for part in one.split(".")], reverse=True)
    check("CHANGELOG.md does not have its versions from the latest to the first", versions == ordered)
    titles = set(re.findall(r"^### (.*)$", text, re.M))
    check(f"CHANGELOG.md has titles of its own: {titles - CHANGELOG_TITLES}", titles <= CHANGELOG_TITLES)


def named_labels(text):
    """Those that ctest is told to run."""
    for pattern in (r"(?:--label-regex|-L)[ =]['\"]?\^?\(?([a-z_|]+)\)?\$?", r'"label": "\^?\(?([a-z_|]+)\)?\$?"',
                    r"^for label in ([a-z_ ]+);"):
        for labels in re.findall(pattern, text, re.M):
            yield from re.split(r"[| ]", labels)


def check_labels(root, binary, ctest):
    printed = run(ctest, "--test-dir", binary, "--print-labels")
    labels = set(re.findall(r"^  (\w+)$", printed, re.M))
    check("there are few labels", len(labels) >= 3)
    users = [".ci/run", "CMakePresets.json", *(f"scripts/{path.name}" for path in root.glob("scripts/*.sh"))]
    named = {}
    for name in users:
        for label in named_labels((root / name).read_text(encoding="utf-8")):
            named.setdefault(label, name)
    check("nothing names a label: the patterns of this test are outdated", {"unit", "engine", "fault", "fuzz"} <= set(named))
    for label, name in named.items():
        check(f"{name} runs the label {label}, which no test has", label in labels)
    table = (root / "docs/development.md").read_text(encoding="utf-8").split("## Labels of tests")[1].split("\n## ")[0]
    described = set(re.findall(r"^\| `(\w+)` \|", table, re.M))
    check(f"docs/development.md describes the labels {sorted(described)}, and the tests have {sorted(labels)}",
          described == labels)


def check_workflow(root):
    text = (root / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    commands = re.findall(r"^ *-? *run: (.*)$", text, re.M)
    check(f".github/workflows/ci.yml runs {commands}, not .ci/run", commands[-1:] == [".ci/run"])


def check_vendored(root):
    """Each file of others has the checksum that the README beside it names, and no file is left out."""
    for readme in sorted(root.glob("src/web/assets/*/README.md")):
        text = readme.read_text(encoding="utf-8")
        sums = {name: checksum for checksum, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", text, re.M)}
        there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                 for path in readme.parent.iterdir() if path != readme}
        check(f"{readme.relative_to(root)} names {sorted(sums.items())}, and there are {sorted(there.items())}",
              sums == there)
        for what in ("version", "licence", "origin"):
            check(f"{readme.relative_to(root)} does not say its {what}", f"- {what}: " in text)
    folders = {path.parent for path in root.glob("src/web/assets/*/*")}
    check("a folder of src/web/assets has no README.md, or there is none: src/web/assets/ is only for our own files",
          bool(folders) and all((folder / "README.md").is_file() for folder in folders))


def check_itself():
    assert list(named_labels("ctest --label-regex '^(unit|engine)$'\nfor label in a b; do")) == [
        "unit", "engine", "a", "b"]
    assert list(named_labels('"label": "unit"\nctest -L engine')) == ["engine", "unit"]


def main():
    source, binary, program, ctest = sys.argv[1:]
    root = pathlib.Path(source).resolve()
    check_itself()
    check_version(root, program)
    check_labels(root, binary, ctest)
    check_workflow(root)
    check_vendored(root)
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    return bool(mistakes)


if __name__ == "__main__":
    sys.exit(main())
