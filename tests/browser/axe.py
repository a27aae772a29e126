"""axe-core, which looks for barriers to people with disabilities in a page. For tests alone: nothing
of it is shipped. Its licence is the Mozilla Public License 2.0."""

import base64
import hashlib
import io
import os
import sys
import tarfile
import urllib.error
import urllib.request

VERSION = "4.14.1"
URL = os.environ.get("TIDEGAUGE_TEST_AXE_URL",  # for machines with a mirror of the registry
                     f"https://registry.npmjs.org/axe-core/-/axe-core-{VERSION}.tgz")
# What the registry calls dist.integrity, after "sha512-".
SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
RUN = """
const [options, done] = arguments;
axe.run(document, options).then(
  result => done(result.violations.map(violation => ({
    rule: violation.id, help: violation.help,
    nodes: violation.nodes.map(node => node.target.join(" ") + ": " + node.html.slice(0, 200)
      + " " + node.any.concat(node.all, node.none).map(check => check.message).join("; "))}))),
  error => done([{rule: "axe", help: String(error), nodes: []}]));
"""


def source(cache_directory):
    """The program, from the cache or the npm registry. Ends the test where there is neither."""
    path = os.path.join(cache_directory, f"axe-core-{VERSION}.tgz")
    if not os.path.exists(path):
        os.makedirs(cache_directory, exist_ok=True)
        package = download()
        with open(path + ".new", "wb") as file:
            file.write(package)
        os.rename(path + ".new", path)
    with open(path, "rb") as file:
        package = file.read()
    if digest(package) != SHA512:
        sys.exit(f"{path} is not axe-core {VERSION} as the registry has it: delete it")
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


def download():
    try:
        with urllib.request.urlopen(URL, timeout=60) as answer:
            package = answer.read()
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"axe-core {VERSION} cannot be downloaded: {error}\n"
                 f"The tests of the pages take it from {URL} once, or from TIDEGAUGE_TEST_AXE_URL")
    if digest(package) != SHA512:
        sys.exit(f"{URL} is not axe-core {VERSION}: its SHA-512 is {digest(package)}")
    return package


def digest(data):
    return base64.b64encode(hashlib.sha512(data).digest()).decode()


def violations(browser, program):
    """Lines of text; none where all is well. `program` is what source() returns."""
    browser.driver.execute_script(program)
    found = browser.driver.execute_async_script(RUN, {"resultTypes": ["violations"],
                                                      "preload": False})
    return [f"{one['rule']}: {one['help']}\n    " + "\n    ".join(one["nodes"]) for one in found]
