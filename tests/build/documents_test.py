#!/usr/bin/env python3
"""documents_test.py SOURCE_DIR PROGRAM: what the documents say exists.

Every relative link and anchor leads somewhere; each metric, option, environment variable, file,
argument, preset and script that a document names is there; the shell finds no mistake in the blocks
of commands, and the program none in the blocks of configuration. Reads the documents only: what the
commands do is for the tests of the scripts and the program.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.*?)\s*$", re.M)
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
METRIC = re.compile(r"\b(?:container|tidegauge|machine|cadvisor|process)_[a-z0-9_]+\*?")
VARIABLE = re.compile(r"\bTIDEGAUGE_[A-Z0-9_]+\b")
PATH = re.compile(r"(?<![\w/.-])(?:scripts|benchmarks|tests|src|include|config|systemd|docs|\.ci|\.github)"
                  r"/[\w./*{},-]+")
# The program, after variables and `sudo` and with a path or without, and its arguments.
CALL = re.compile(r"^(?:\$ )?(?:sudo )?(?:[A-Z_]+=\S* )*(?:[\w./]*/)?tidegauge((?: +\S+)*) *$")
ARGUMENT = re.compile(r" --([a-z][\w.-]*)")

# Words that look like metrics and are none.
NO_METRICS = {
    "container_monitor": "a section of the configuration",
    "container_label_*": "the labels that the Docker labels of a container become",
    "container_list": "a value of the label call",
    "container_inspect": "a value of the label call",
    "container_stats": "a value of the label call",
    "container_id": "a label",
    "container_logs": "a call",
    "container_env_*": "labels of cAdvisor's",
    "container_fs": "what the names of some metrics begin with",
}
# Documents that name metrics of cAdvisor's that are missing here.
ABOUT_CADVISOR = {"docs/metrics.md", "docs/migrating-from-cadvisor.md"}
# Keys of the files of others: the web server's, Prometheus', and those of Alertmanager, which no test has.
WEB_CONFIG = {"tls_server_config", "basic_auth_users", "http_server_config", "rate_limit"}
PROMETHEUS = {"global", "scrape_configs", "rule_files", "remote_write", "alerting"}
UNCHECKED = {"inhibit_rules"}
# In an example of what goes wrong.
NO_VARIABLES = {"TIDEGAUGE_PORT"}


class Documents:
    """What is there to be named, and the mistakes found so far."""

    def __init__(self, root, program):
        self.root = root
        self.program = program
        self.mistakes = []
        self.files = sorted(path for path in root.rglob("*.md") if not self.left_out(path))
        self.texts = {path: path.read_text(encoding="utf-8") for path in self.files}
        metrics = self.text("docs/metrics.md")
        self.metrics = set(re.findall(r"^\| `(\w+)` \|", metrics, re.M))
        histograms = re.findall(r"^\| `(\w+)` \| histogram", metrics, re.M)
        self.metrics |= {name + end for name in histograms for end in ("_bucket", "_sum", "_count")}
        options = self.text("docs/configuration.md")
        self.options = set(re.findall(r"^### `([\w.]+)`", options, re.M))
        for line in re.findall(r"^- other names: (.*)$", options, re.M):
            self.options |= set(re.findall(r"`([\w.]+)`", line))
        self.sections = {option.split(".")[0] for option in self.options}
        self.variables = {"TIDEGAUGE_" + option.upper().replace(".", "_") for option in self.options}
        self.arguments = set(re.findall(r"^  --([\w-]+)", self.run("--help").stdout, re.M))
        presets = json.loads((root / "CMakePresets.json").read_text(encoding="utf-8"))
        self.presets = {preset["name"] for preset in presets["configurePresets"]}
        self.cadvisors = [line.split() for line in
                          (root / "tests/data/cadvisor_metrics.txt").read_text().splitlines()]
        self.sources = "\n".join(path.read_text(encoding="utf-8") for path in self.source_files())

    def left_out(self, path):
        """What is built, what tests install, and what tools keep."""
        parts = path.relative_to(self.root).parts
        return (parts[0].startswith("build") or "node_modules" in parts
                or parts[0].startswith(".") and parts[0] != ".github")

    def source_files(self):
        """The files that read environment variables or define CMake's."""
        for pattern in ("CMakeLists.txt", "tests/**/*.cpp", "tests/**/*.h", "tests/**/*.txt",
                        "tests/**/*.sh", "src/app/*.cpp", "src/app/*.h", "scripts/**/*.sh"):
            yield from self.root.glob(pattern)

    def text(self, name):
        return self.texts[self.root / name]

    def name(self, path):
        return str(path.relative_to(self.root))

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=20,
                              check=False, env={"PATH": "/usr/bin:/bin"})

    def complain(self, path, position, what):
        line = self.texts[path].count("\n", 0, position) + 1
        self.mistakes.append(f"{self.name(path)}:{line}: {what}")

    def check_links(self, path):
        text = without_code(self.texts[path])
        for link in LINK.finditer(text):
            target, _, anchor = link[1].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            other = (path.parent / target).resolve() if target else path
            if not other.exists():
                self.complain(path, link.start(), f"no file {target}")
            elif anchor and anchor not in anchors(other.read_text(encoding="utf-8")):
                self.complain(path, link.start(), f"no heading #{anchor} in {self.name(other)}")

    def check_metrics(self, path):
        known = self.metrics | (
            {name for name, _ in self.cadvisors} if self.name(path) in ABOUT_CADVISOR else set())
        for found in METRIC.finditer(self.texts[path]):
            name = found[0]
            if name in NO_METRICS or self.names_part(path, found) or is_metric(name, known):
                continue
            self.complain(path, found.start(), f"no metric {name} in docs/metrics.md")

    def names_part(self, path, found):
        """Whether it is a part of a path, an option, a label of Docker's, or of a longer word."""
        text = self.texts[path]
        before, after = text[max(0, found.start() - 1):found.start()], text[found.end():found.end() + 2]
        return (before in ("/", ".", "-") or after[:1] == "/" or re.match(r"\.[a-z]", after) is not None
                or found[0].startswith("container_label_"))

    def check_options(self, path):
        sections = "|".join(sorted(self.sections))
        for found in re.finditer(rf"`((?:{sections})\.[a-z_]+)(?:=[^`]*)?`", self.texts[path]):
            if found[1] not in self.options and not re.search(r"\.(cpp|h|yaml|service)$", found[1]):
                self.complain(path, found.start(), f"no option {found[1]} in docs/configuration.md")

    def check_variables(self, path):
        for found in VARIABLE.finditer(self.texts[path]):
            name = found[0]
            if name in self.variables | NO_VARIABLES or name.endswith("_"):
                continue
            if not re.search(rf"\b{name}\b", self.sources):
                self.complain(path, found.start(), f"nothing reads the variable {name}")

    def check_paths(self, path):
        """docs/pool_faults.md names tests without `tests/` and without their ends."""
        tests = self.name(path) == "docs/pool_faults.md"
        for found in PATH.finditer(self.texts[path]):
            for name in alternatives(found[0].rstrip(".,")):
                if not any(self.root.glob(name)) and not (tests and any(self.root.glob(f"tests/{name}.*"))):
                    self.complain(path, found.start(), f"no file {name}")

    def check_arguments(self, path):
        """Of the program, in blocks of commands and between backticks."""
        for position, command in commands(self.texts[path]):
            call = CALL.match(command)
            for argument in ARGUMENT.findall(call[1]) if call else ():
                if argument not in self.arguments | self.options:
                    self.complain(path, position, f"the program has no argument --{argument}")

    def check_presets(self, path):
        for found in re.finditer(r"--preset[ =](\w+)", self.texts[path]):
            if found[1] not in self.presets:
                self.complain(path, found.start(), f"no preset {found[1]} in CMakePresets.json")

    def check_blocks(self, path):
        for block in FENCE.finditer(self.texts[path]):
            indent, language, body = block.groups()
            body = re.sub(rf"^{indent}", "", body, flags=re.M)
            if language == "sh":
                answer = subprocess.run(["bash", "-n"], input=body, capture_output=True, text=True,
                                        timeout=20, check=False)
                if answer.returncode:
                    self.complain(path, block.start(), f"the shell says: {answer.stderr.strip()}")
            elif language == "yaml":
                self.check_yaml(path, block.start(), body)
            elif language == "json":
                self.check_json(path, block.start(), body)
            elif language == "promql":
                rule = {"groups": [{"name": "one", "rules": [{"record": "x", "expr": body}]}]}
                self.check_by(path, block.start(), json.dumps(rule), "promtool", "check", "rules")

    def check_yaml(self, path, position, body):
        """By the program whose configuration it is."""
        keys = set(re.findall(r"^(\w+):", body, re.M))
        if keys <= self.sections | {"endpoints"}:
            self.check_configuration(path, position, body)
        elif keys <= WEB_CONFIG:
            with text_file(body) as file:
                self.check_configuration(path, position, f"web: {{config_file: {file.name}}}")
        elif keys <= PROMETHEUS:
            self.check_by(path, position, body, "promtool", "check", "config", "--syntax-only")
        elif not keys <= UNCHECKED:
            self.complain(path, position, f"nothing checks a block with {', '.join(sorted(keys))}")

    def check_configuration(self, path, position, body):
        """Files of the examples need not be there."""
        with text_file(body) as file:
            answer = self.run("--config", file.name, "--check-config")
        for line in answer.stderr.splitlines():
            if answer.returncode and "No such file or directory" not in line:
                self.complain(path, position, f"the program says: {line}")

    def check_by(self, path, position, body, *command):
        with text_file(body) as file:
            answer = subprocess.run([*command, file.name], capture_output=True, text=True, timeout=20,
                                    check=False)
        if answer.returncode:
            self.complain(path, position, f"{command[0]} says: {answer.stderr.strip()}")

    def check_json(self, path, position, body):
        """`...` stands for members that are left out."""
        try:
            json.loads(body.replace(", ...", ""))
        except json.JSONDecodeError as error:
            self.complain(path, position, f"no JSON: {error}")

    def check_migration(self):
        """docs/migrating-from-cadvisor.md says of each metric of cAdvisor's which group here has it."""
        path = self.root / "docs/migrating-from-cadvisor.md"
        here = groups(self.text("docs/metrics.md"))
        expected = [f"| `{name}` | {group} | {here.get(name, 'no')} |" for name, group in self.cadvisors]
        rows = re.findall(r"^\| `\w+` \| \w+ \| [^|]* \|", self.texts[path], re.M)
        for row in sorted(set(expected) - set(rows)):
            self.complain(path, 0, f"no row {row}")
        numbers = f"{sum(name in here for name, _ in self.cadvisors)} of cAdvisor's {len(expected)} metrics"
        if numbers not in self.text("README.md"):
            self.complain(self.root / "README.md", 0, f"does not say that {numbers} are here")
        for row in rows:
            if row not in expected:
                self.complain(path, self.texts[path].index(row), f"a row that is wrong: {row}")

    def check_messages(self):
        """The messages that docs/operations.md explains are those that the program prints."""
        path = self.root / "docs/operations.md"
        text = self.texts[path]
        program = "\n".join(file.read_text(encoding="utf-8") for file in self.root.glob("src/**/*.cpp"))
        program = re.sub(r'"\s*\n\s*"', "", program)
        part = text.index("## What the log says")
        messages = list(re.finditer(r"^\| `([^`]+)` \|", text[part:], re.M))
        assert len(messages) > 20, "the messages cannot be read"
        for message in messages:
            for piece in message[1].split("..."):
                if piece.strip(" :;") not in program:
                    self.complain(path, part + message.start(), f"the program does not say: {piece}")

    def check_all(self):
        self.check_messages()
        self.check_migration()
        for path in self.files:
            for check in (self.check_links, self.check_metrics, self.check_options,
                          self.check_variables, self.check_paths, self.check_arguments,
                          self.check_presets, self.check_blocks):
                check(path)


def groups(text):
    """What docs/metrics.md says of each metric's group."""
    found = {}
    for part in re.split(r"^## ", text, flags=re.M):
        heading = re.search(r"\((optional )?group `(\w+)`\)$", part.split("\n")[0])
        group = f"`{heading[2]}`{', optional' if heading[1] else ''}" if heading else "yes"
        found |= {name: group for name in re.findall(r"^\| `(\w+)` \|", part, re.M)}
    return found


def text_file(text):
    file = tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8")  # pylint: disable=consider-using-with
    file.write(text)
    file.flush()
    return file


def is_metric(name, known):
    """A name that ends in an asterisk or an underscore stands for all that begin so."""
    if name.endswith("*") or name.endswith("_"):
        return any(metric.startswith(name.rstrip("*")) for metric in known)
    return name in known


def without_code(text):
    """The same text, as long, with blanks in the place of code."""
    blank = lambda found: re.sub(r"[^\n]", " ", found[0])
    return re.sub(r"`[^`\n]+`", lambda found: found[0] if "](" in found[0] else blank(found),
                  FENCE.sub(blank, text))


def anchors(text):
    """The anchors that forges make of headings."""
    found = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = 0
        while (anchor if not count else f"{anchor}-{count}") in found:
            count += 1
        found.add(anchor if not count else f"{anchor}-{count}")
    return found


def alternatives(name):
    """a/{b,c}.d: a/b.d and a/c.d."""
    group = re.search(r"\{([^{}]*)\}", name)
    if not group:
        return [name]
    return [whole for part in group[1].split(",")
            for whole in alternatives(name[:group.start()] + part + name[group.end():])]


def commands(text):
    """Each line of a block of commands, continued lines joined, and each piece of code in a line."""
    for block in FENCE.finditer(text):
        if block[2] in ("sh", "console"):
            for line in block[3].replace("\\\n", " ").splitlines():
                for part in re.split(r"&&|[|;&]", re.sub(r"(^|\s)#.*$", "", line)):
                    yield block.start(), re.sub(r"\s+", " ", part).strip()
    for code in re.finditer(r"`([^`\n]+)`", FENCE.sub(lambda found: " " * len(found[0]), text)):
        yield code.start(), code[1]


def check_itself():
    """What must be found is found."""
    assert anchors("# The `a.b` of [c](d.md)\n## Same\n## Same\n") == {"the-ab-of-c", "same", "same-1"}
    assert alternatives("a/{b,c}.d") == ["a/b.d", "a/c.d"]
    assert [command for _, command in commands("```sh\na \\\nb  # c\ne | f\n```\n`d`")] == [
        "a b", "e", "f", "d"]
    assert ARGUMENT.findall(CALL.match("A=b build/tidegauge --exits --log.level=debug")[1]) == [
        "exits", "log.level"]
    assert LINK.findall(without_code("[a](b#c) `[d](e)` ![i](j)")) == ["b#c", "e"]


def main():
    check_itself()
    documents = Documents(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2])
    assert len(documents.metrics) > 150 and len(documents.options) > 50, "the tables cannot be read"
    documents.check_all()
    for mistake in documents.mistakes:
        print(mistake, file=sys.stderr)
    return bool(documents.mistakes)


if __name__ == "__main__":
    sys.exit(main())
