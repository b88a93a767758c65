"""PyKMIP's own integration tests, unmodified, from the source that PyPI has.

Which tests need not pass at which version is said in pykmip-tests.txt; one that passes although the
list excludes it is a complaint as well, so the list cannot outlive its truth.
"""

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from place import Place, arguments

HERE = Path(__file__).parent
SOURCES = Path(sys.prefix) / "pykmip"
TESTS = [
    "kmip/tests/integration/services/test_integration.py",
    "kmip/tests/integration/services/test_proxykmipclient.py",
]
VERSIONS = ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0"]
# How long one version may take before something hangs, in seconds.
PATIENCE = 600


def excluded():
    """The tests that need not pass and their reasons, by version."""
    tests = {version: {} for version in VERSIONS}
    for line in (HERE / "pykmip-tests.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r"([0-9., ]+|all) (test_\w+::test_\w+): (\S.*)", line)
        if not match:
            sys.exit(f"pykmip-tests.txt: not `versions test: reason`: {line}")
        versions = VERSIONS if match[1] == "all" else match[1].replace(",", " ").split()
        for version in versions:
            tests[version][match[2]] = match[3]
    return tests


def source():
    """The directory of PyKMIP's source."""
    found = sorted(SOURCES.glob("pykmip-*/setup.py"))
    if not found:
        sys.exit(f"PyKMIP's source is not in {SOURCES}; `make venv` puts it there")
    return found[-1].parent


def outcomes(home, version):
    """Runs all tests at a version; the outcome of each by its short name, and pytest's words."""
    environment = os.environ | {
        "HOME": home,
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYKMIP_VERSION": version,
    }
    command = [sys.executable, "-m", "pytest", "--config", "client", "-p", "pykmip_version"]
    command += ["-p", "no:cacheprovider", "-W", "ignore", "-rA", "--tb=short", "--no-header"]
    run = subprocess.run(
        command + TESTS,
        cwd=source(),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    found = {}
    for line in run.stdout.splitlines():
        match = re.match(r"(PASSED|FAILED|ERROR) .*/(test_\w+)\.py::\w+::(test_\w+)", line)
        if match:
            found[f"{match[2]}::{match[3]}"] = match[1]
    return found, run.stdout + run.stderr


def run(place, number, version):
    """Runs the tests at a version, with a service of its own, since they destroy whatever they find."""
    with tempfile.TemporaryDirectory() as home:
        given = Path(place.certificate("pykmip", f"version-{number}", "pykmip.conf"))
        settings = Path(home) / ".pykmip" / "pykmip.conf"
        settings.parent.mkdir()
        settings.write_text(given.read_text(encoding="utf-8"), encoding="utf-8")
        return outcomes(home, version)


def complaints(version, need_not, found, words):
    """What is wrong with the outcomes at a version."""
    passed = {test for test, outcome in found.items() if outcome == "PASSED"}
    print(f"KMIP {version}: {len(passed)} of {len(found)} passed")
    if not passed:
        yield f"KMIP {version}: nothing ran\n{words}"
    failed = sorted(found.keys() - passed - need_not.keys())
    yield from (f"KMIP {version}: {test} fails" for test in failed)
    if failed:
        yield words
    for test in sorted(need_not.keys() - (found.keys() - passed)):
        yield f"KMIP {version}: {test} is excluded and does not fail"


def main():
    """Runs the tests at every version that PyKMIP speaks; side by side, since some of them sleep."""
    place = Place(arguments(__doc__).parse_args())
    need_not = excluded()
    with ThreadPoolExecutor() as pool:
        runs = pool.map(lambda it: run(place, *it), enumerate(VERSIONS))
        wrong = [
            complaint
            for version, (found, words) in zip(VERSIONS, runs)
            for complaint in complaints(version, need_not[version], found, words)
        ]
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
