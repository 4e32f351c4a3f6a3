"""`masthead up` as a newcomer meets it: the first start, the next ones, stopping, and what is said when it cannot."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import requests

from services.cli.settings import PROGRAMS
from tests.containers import ROOT
from tests.system import MASTHEAD, Installation, free_port, wait_for

ORDER = [
    {"ingest", "feed", "push"},
    {"relay"},
    {"enrich-worker", "count-worker", "feed-worker", "push-worker", "social-worker"},
    {"valkey"},
]
SECOND_START = 6.0


@dataclass
class Story:
    """What was seen of one installation that was started three times."""

    installation: Installation
    welcome: str = ""
    languages: set[str] = field(default_factory=set)
    items: list[list[str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    farewell: str = ""
    left: list[int] = field(default_factory=list)
    down: list[str] = field(default_factory=list)

    def start(self) -> None:
        began = time.monotonic()
        self.installation.start()
        self.seconds.append(time.monotonic() - began)

    def read_feed(self, *, at_least: int) -> list[dict[str, str]]:
        def items() -> list[dict[str, str]]:
            found = self.installation.get("/feed.json").json()["items"]
            return list(found) if len(found) >= at_least else []

        found = wait_for(items, what=f"{at_least} items in the feed")
        self.items.append(sorted(item["id"] for item in found))
        return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("newcomer")
    told = Story(Installation(folder, MASTHEAD_DEMO="true", MASTHEAD_VALKEY_PERSIST="true"))
    told.start()
    told.languages = {item["language"] for item in told.read_feed(at_least=12)}
    told.welcome = wait_for(lambda: _from(told.installation.log.read_text(), "is up after"))
    pids = list(told.installation.pids().values())
    told.codes.append(told.installation.stop(signal.SIGINT))
    told.left = [pid for pid in pids if psutil.pid_exists(pid)]
    told.farewell = _from(told.installation.log.read_text(), "Stopping:")

    told.start()
    told.read_feed(at_least=12)
    told.codes.append(told.installation.stop(signal.SIGHUP))

    told.start()
    told.read_feed(at_least=12)
    told.down.append(told.installation.masthead("down").stdout.strip())
    told.codes.append(told.installation.wait())
    told.down.append(told.installation.masthead("down").stdout.strip())
    return told


def _from(text: str, start: str) -> str:
    """The text from a word on; empty when it is not there."""
    place = text.find(start)
    return text[place:] if place >= 0 else ""


def test_the_first_start_fills_the_publication_in_at_least_five_languages(story: Story) -> None:
    assert len(story.items[0]) >= 12
    assert {"en", "tr", "ar", "fa", "zh"} <= {language.partition("-")[0] for language in story.languages}


def test_the_first_start_says_where_to_look(story: Story) -> None:
    feed, api = story.installation.feed, story.installation.api
    for address in (f"{feed}/", f"{feed}/feed.rss", f"{feed}/feed.atom", f"{feed}/feed.json", f"{api}/docs"):
        assert address in story.welcome
    assert (story.installation.var / "demo-key").read_text().strip() in story.welcome
    assert (story.installation.var / "demo-key").stat().st_mode & 0o077 == 0, "nobody else can read the key"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl to paste the command to")
def test_the_command_it_prints_can_be_pasted(story: Story) -> None:
    start = story.welcome.index("curl -i")
    pasted = story.welcome[start : story.welcome.index("Stop with Ctrl-C")]
    story.installation.start()
    try:
        answer = subprocess.run(["sh", "-c", pasted], capture_output=True, text=True, timeout=30, check=True).stdout
    finally:
        story.installation.stop()
    assert " 202 " in answer.splitlines()[0]


def test_later_starts_keep_everything_and_add_nothing(story: Story) -> None:
    assert story.items[0] == story.items[1] == story.items[2]


def test_later_starts_are_quick(story: Story) -> None:
    """Measured beside the time that importing one of its programs takes, for a machine that has more to do."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import services.feed.app"], check=True)
    limit = max(SECOND_START, 10 * (time.monotonic() - began))
    assert min(story.seconds[1:]) < limit


def test_a_stop_ends_webs_then_relay_then_workers_then_valkey(story: Story) -> None:
    ended = [line.partition("|")[0].strip() for line in story.farewell.splitlines() if line.endswith("| stopped")]
    assert {program.name for program in PROGRAMS} | {"valkey"} == set(ended)
    for names in ORDER:
        assert set(ended[: len(names)]) == names
        ended = ended[len(names) :]
    assert "killed" not in story.farewell


def test_nothing_is_left_of_it_however_it_is_stopped(story: Story) -> None:
    assert story.codes == [0, 0, 0]
    assert not story.left
    assert story.down == ["Stopped.", "Nothing is running here."]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("running")) as installation:
        yield installation


def refused(environment: dict[str, str]) -> str:
    """The one line with which `masthead up` ends in this environment."""
    ended = subprocess.run([*MASTHEAD, "up"], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert not ended.stdout
    (line,) = ended.stderr.splitlines()
    return line


def test_a_second_one_on_the_same_folder_is_refused(running: Installation) -> None:
    line = refused(running.environment)
    assert line.startswith(f"masthead: Masthead is running already on {running.var}.")
    assert requests.get(f"{running.feed}/readyz", timeout=5).ok


@pytest.mark.parametrize("variable", ["MASTHEAD_FEED_PORT", "MASTHEAD_INGEST_PORT", "MASTHEAD_PUSH_PORT"])
def test_a_port_in_use_is_named_with_the_variable_that_moves_it(tmp_path: Path, variable: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = refused(Installation(tmp_path, **{variable: str(port)}).environment)
    assert f"Port {port} on 127.0.0.1 cannot be used: Address already in use." in line
    assert f"{variable}=<port> make up" in line


def test_one_port_for_both_is_refused(tmp_path: Path) -> None:
    port = str(free_port())
    line = refused(Installation(tmp_path, MASTHEAD_FEED_PORT=port, MASTHEAD_INGEST_PORT=port).environment)
    assert line == f"masthead: MASTHEAD_FEED_PORT and MASTHEAD_INGEST_PORT are both {port}."


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"MASTHEAD_CLOCK": "tomorrow"}, "MASTHEAD_CLOCK: must be an ISO instant with a zone, such as 2018-04-20T09"),
        ({"MASTHEAD_FEED_PORT": "http"}, "MASTHEAD_FEED_PORT: Input should be a valid integer"),
        ({"MASTHEAD_VAR": "/dev/null/var"}, "MASTHEAD_VAR /dev/null/var cannot be written: "),
        ({"MASTHEAD_VAR": "/proc"}, "MASTHEAD_VAR /proc cannot be written: "),
        ({"MASTHEAD_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}, "the record does not answer: "),
        ({"MASTHEAD_DATABASE_URL": "mysql://x"}, "MASTHEAD_DATABASE_URL: must begin with postgresql:// or sqlite:///"),
        ({"MASTHEAD_REDIS_URL": "valkey:6379"}, "MASTHEAD_REDIS_URL: must begin with redis://, rediss:// or unix://"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    if environment.get("MASTHEAD_VAR") == "/proc" and not Path("/proc/self").exists():
        pytest.skip("there is no /proc here")
    assert said in refused(Installation(tmp_path, **environment).environment)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 'unfinished", "is not valid TOML"),
        ("name = 'X'\nzone = 'Europe/Atlantis'", "zone: Value error, 'Europe/Atlantis' is no IANA zone"),
        ("name = 'X'\ncolour = 'red'", "colour: Extra inputs are not permitted"),
    ],
)
def test_a_publication_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    installation = Installation(tmp_path)
    installation.var.mkdir()
    (installation.var / "publication.toml").write_text(text)
    line = refused(installation.environment)
    assert said in line and str(installation.var / "publication.toml") in line


def test_a_service_that_can_never_run_ends_the_whole_with_its_reason(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*MASTHEAD, "up"],
        env=Installation(tmp_path, MASTHEAD_FEED_THREADS="0").environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 3
    assert "MASTHEAD_FEED_THREADS: Input should be greater than or equal to 1 (found '0')" in ended.stdout
    assert re.fullmatch("masthead: feed(-worker)? cannot run; its last line above says why.\n", ended.stderr)
    assert not [line for line in ended.stdout.splitlines() if line.startswith("feed ") and "Traceback" in line]


def test_what_a_killed_one_left_behind_is_ended_by_the_next(tmp_path: Path) -> None:
    with Installation(tmp_path) as installation:
        before = installation.pids()
        os.kill(before["supervisor"], signal.SIGKILL)
        installation.wait()
        before_that = len(installation.log.read_text())
        installation.start()
        wait_for(lambda: "is up after" in installation.log.read_text()[before_that:], what="the next is up")
        assert not [pid for pid in before.values() if psutil.pid_exists(pid)]


def test_a_closed_terminal_neither_blocks_nor_breaks_it(tmp_path: Path) -> None:
    """Nobody reads what it prints: it goes on serving, and stops when told."""
    environment = Installation(tmp_path).environment
    reader, writer = os.pipe()
    process = subprocess.Popen([*MASTHEAD, "up"], env=environment, stdout=writer, stderr=writer, start_new_session=True)
    os.close(writer)
    os.close(reader)
    try:
        url = f"http://127.0.0.1:{environment['MASTHEAD_FEED_PORT']}/readyz"
        wait_for(lambda: _answers(url), seconds=60, what=url)
    finally:
        process.terminate()
        assert process.wait(90) == 0


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def in_folder(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command on a copy of what setting up needs, with nothing in its environment but what is given."""
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    shutil.copy(ROOT / "Makefile", folder)
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        command, cwd=folder, env=path | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = in_folder(tmp_path, "make", "up", "PYTHON=python3.99")
    assert ended.stderr.splitlines()[0] == "There is no python3.99 here. Try: make up PYTHON=python3.11"


def test_an_old_python_is_refused() -> None:
    check = (ROOT / "requirements" / "python-check").read_text()
    program = f"import sys; sys.version_info = (3, 10, 13, 'final', 0); exec({json.dumps(check)})"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stderr == "Masthead needs Python 3.11 or newer; this is 3.10. Try: make up PYTHON=python3.11\n"


def test_setting_up_without_a_network_says_so_in_one_line(tmp_path: Path) -> None:
    ended = in_folder(tmp_path, "make", "up", f"PYTHON={sys.executable}", HTTPS_PROXY="http://127.0.0.1:9")
    first = ended.stderr.splitlines()[0]
    assert first.startswith("Setting up failed: the package index cannot be reached")
    assert "Traceback" not in ended.stdout + ended.stderr
