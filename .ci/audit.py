"""Asks whether anything that the locks name is known to be vulnerable, and writes down all that we are made of.

`python .ci/audit.py [--strict]`. Exits 1 when something vulnerable is found; 3 with --strict when not everything could
be asked about. The bills of materials (CycloneDX 1.6, JSON, each checked against its schema) go to build/sbom.
"""

import argparse
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "requirements"
TO = ROOT / "build" / "sbom"
MAVEN = {"m": "http://maven.apache.org/POM/4.0.0"}
FINE, VULNERABLE, UNASKED = 0, 1, 3
TIMEOUT_S = 300
NAMED_MAX = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail, too, when nobody could be asked")
    strict = parser.parse_args().strict
    TO.mkdir(parents=True, exist_ok=True)
    for lock in sorted(LOCKS.glob("*.lock")):
        _bill_of_lock(lock)
    _bill("kafka-jars", _jars())
    _bill("examples", (*_npm(), *_pom()))
    vulnerable, unasked = _asked()
    if vulnerable:
        return VULNERABLE
    return UNASKED if unasked and strict else FINE


def _asked() -> tuple[bool, bool]:
    """Whether something was found, and whether something could not be asked. pip-audit itself passes over, and calls
    fine, what its service does not know of.
    """
    found: set[str] = set()
    unasked: set[str] = set()
    asked: set[str] = set()
    for lock in sorted(LOCKS.glob("*.lock")):
        told = _pip_audit(lock)
        if told is None:
            unasked.add(f"all of requirements/{lock.name}")
            continue
        for one in told["dependencies"]:
            if "skip_reason" in one:
                unasked.add(one["skip_reason"].rpartition(": ")[2])
            else:
                asked.add(f"{one['name']} {one['version']}")
                found |= {f"{one['name']} {one['version']}: {v['id']}" for v in one["vulns"]}
    for line in sorted(found):
        _say(f"VULNERABLE  {line}")
    _say(f"pip-audit: asked about {len(asked)} packages, {len(found)} known vulnerabilities")
    if unasked:
        some = ", ".join(sorted(unasked)[:NAMED_MAX])
        _say(f"COULD NOT BE ASKED about {len(unasked)}: nothing is known of them, good or bad. The first: {some}")
    return bool(found), bool(unasked)


def _pip_audit(lock: Path) -> "dict[str, list[dict[str, object]]] | None":
    """What it says of a lock; None where it failed."""
    options = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json")
    argv = (sys.executable, "-m", "pip_audit", "--requirement", str(lock), *options)
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - our own arguments
        return json.loads(ended.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None


def _bill_of_lock(lock: Path) -> None:
    to = TO / f"python-{lock.stem}.cdx.json"
    options = (
        "--output-reproducible",
        "--spec-version",
        "1.6",
        "--validate",
        "--pyproject",
        str(ROOT / "pyproject.toml"),
    )
    argv = (sys.executable, "-m", "cyclonedx_py", "requirements", str(lock), *options, "--output-file", str(to))
    subprocess.run(argv, check=True, capture_output=True, timeout=TIMEOUT_S)  # noqa: S603 - our own arguments
    told = len(json.loads(to.read_text("utf-8"))["components"])
    _say(f"{to.relative_to(ROOT)}: {told} components")


def _bill(name: str, components: "Iterator[Component] | tuple[Component, ...]") -> None:
    bom = Bom(components=components)
    bom.metadata.tools.components.add(this_component())
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault:
        raise SystemExit(f"the bill of {name} is no CycloneDX: {fault}")
    to = TO / f"{name}.cdx.json"
    to.write_text(text, "utf-8")
    _say(f"{to.relative_to(ROOT)}: {len(bom.components)} components")


def _jars() -> Iterator[Component]:
    """The embedded broker, jar by jar."""
    for line in (ROOT / "pipeline" / "local" / "kafka_jars.lock").read_text("ascii").splitlines():
        if not line.startswith("#"):
            coordinates, _, digest = line.split()
            yield _java(*coordinates.split(":"), HashType(alg=HashAlgorithm.SHA_256, content=digest))


def _java(group: str, name: str, version: str, *hashes: HashType) -> Component:
    purl = PackageURL("maven", group, name, version)
    return Component(
        type=ComponentType.LIBRARY, group=group, name=name, version=version, purl=purl, bom_ref=str(purl), hashes=hashes
    )


def _npm() -> Iterator[Component]:
    lock = json.loads((ROOT / "examples" / "javascript" / "package-lock.json").read_text("utf-8"))
    for place, told in lock["packages"].items():
        name = place.rpartition("node_modules/")[2]
        if name:
            purl = PackageURL("npm", *_scoped(name), told["version"])
            yield Component(
                type=ComponentType.LIBRARY, name=name, version=told["version"], purl=purl, bom_ref=str(purl)
            )


def _scoped(name: str) -> tuple[str | None, str]:
    scope, slash, rest = name.partition("/")
    return (scope, rest) if slash else (None, name)


def _pom() -> Iterator[Component]:
    pom = ET.parse(ROOT / "examples" / "java" / "pom.xml")  # noqa: S314 - our own file
    for one in pom.iterfind(".//m:dependencies/m:dependency", MAVEN):
        group, name, version = (one.findtext(f"m:{tag}", "", MAVEN) for tag in ("groupId", "artifactId", "version"))
        yield _java(group, name, version)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
