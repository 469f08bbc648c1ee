"""The language host's protocol, spoken with it as the engine does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from tests.support.stacks import ROOT

EXECUTOR = """
    import json, os, sys
    print("said by the program", flush=True)
    seen = {"arguments": sys.argv[1:], "environment": dict(os.environ), "cwd": os.getcwd(), "python": sys.executable}
    with open(os.environ["SEEN"], "w") as file:
        json.dump(seen, file)
    sys.exit(int(os.environ["CODE"]))
"""
"""In the place of `pulumi-language-python-exec`: writes down how it was started, and ends with the given code."""


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    executor = folder / "executor.py"
    executor.write_text(dedent(EXECUTOR))
    host = str(ROOT / "toolchain" / "language_host.py")
    return subprocess.Popen(
        [sys.executable, "-I", host, "--executor", str(executor), "127.0.0.1:1"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def connect(process: subprocess.Popen[str]) -> grpc.Channel:
    assert process.stdout is not None
    return grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the program, pack or plugin is."""
    (tmp_path / "program").mkdir()
    return tmp_path / "program"


@pytest.fixture
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[language_pb2_grpc.LanguageRuntimeStub]:
    """A running host. Its parameter, if any, is the exit code of the program that it will run."""
    code: int = getattr(request, "param", 0)
    with start(tmp_path, CODE=str(code), SEEN=str(tmp_path / "seen.json")) as process:
        with connect(process) as channel:
            yield language_pb2_grpc.LanguageRuntimeStub(channel)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


def info(folder: Path, **options: object) -> language_pb2.ProgramInfo:
    struct = json_format.ParseDict({"virtualenv": sys.prefix, **options}, struct_pb2.Struct())
    return language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point=".", options=struct
    )


def plugin(folder: Path, kind: str, *arguments: str, **options: object) -> language_pb2.RunPluginRequest:
    return language_pb2.RunPluginRequest(
        info=info(folder, **options), kind=kind, pwd=str(folder.parent), args=arguments, env=["PATH=/usr/bin", "A=b=c"]
    )


def collect(responses: Iterator[Any]) -> tuple[str, str, Sequence[int]]:
    """Both outputs, and the exit codes in the order in which they came."""
    stdout, stderr, codes = b"", b"", list[int]()
    for response in responses:
        assert not codes, "the exit code comes last"
        stdout += response.stdout
        stderr += response.stderr
        if response.HasField("exitcode"):
            codes.append(response.exitcode)
    return stdout.decode(), stderr.decode(), codes


def details(call: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    assert isinstance(call.value, grpc.Call)
    assert call.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    return call.value.details() or ""


def test_it_introduces_itself(host: language_pb2_grpc.LanguageRuntimeStub, folder: Path) -> None:
    host.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:2"))
    assert host.GetPluginInfo(empty_pb2.Empty()).version.startswith("3.")
    assert not host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info(folder))).packages
    about = host.About(language_pb2.AboutRequest(info=info(folder)))
    assert about.executable == f"{sys.prefix}/bin/python"
    assert about.version == ".".join(map(str, sys.version_info[:3]))


def test_it_lists_the_packages_of_the_program(host: language_pb2_grpc.LanguageRuntimeStub, folder: Path) -> None:
    request = language_pb2.GetProgramDependenciesRequest(info=info(folder), transitiveDependencies=True)
    assert {"pulumi", "grpcio"} <= {package.name for package in host.GetProgramDependencies(request).dependencies}


def run_request(folder: Path, **options: object) -> language_pb2.RunRequest:
    return language_pb2.RunRequest(
        project="tiny",
        stack="dev",
        pwd=str(folder),
        dryRun=True,
        parallel=4,
        monitor_address="127.0.0.1:3",
        organization="organization",
        config={"tiny:greeting": "hello"},
        configSecretKeys=["tiny:greeting"],
        args=["one"],
        info=info(folder, **options),
    )


def test_a_program_gets_its_arguments_configuration_and_environment(
    host: language_pb2_grpc.LanguageRuntimeStub, folder: Path, tmp_path: Path
) -> None:
    host.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:2"))
    assert host.Run(run_request(folder)) == language_pb2.RunResponse()
    seen = json.loads((tmp_path / "seen.json").read_text())
    *options, entry_point, argument = seen["arguments"]
    assert (entry_point, argument) == (".", "one")
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        "--monitor": "127.0.0.1:3",
        "--engine": "127.0.0.1:2",
        "--project": "tiny",
        "--stack": "dev",
        "--pwd": str(folder),
        "--root_directory": str(folder),
        "--dry_run": "true",
        "--parallel": "4",
        "--organization": "organization",
    }
    assert seen["cwd"] == str(folder)
    assert seen["python"] == f"{sys.prefix}/bin/python"
    environment = seen["environment"]
    assert json.loads(environment["PULUMI_CONFIG"]) == {"tiny:greeting": "hello"}
    assert json.loads(environment["PULUMI_CONFIG_SECRET_KEYS"]) == ["tiny:greeting"]
    assert environment["VIRTUAL_ENV"] == sys.prefix
    assert environment["PATH"].startswith(f"{sys.prefix}/bin:")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (0, language_pb2.RunResponse()),
        (3, language_pb2.RunResponse(error="Program exited with non-zero exit code: 3")),
        # pulumi-language-python-exec has shown the error to the user.
        (32, language_pb2.RunResponse(bail=True)),
    ],
    indirect=["host"],
)
def test_the_exit_code_of_a_program_says_whether_its_error_is_known(
    host: language_pb2_grpc.LanguageRuntimeStub, expected: language_pb2.RunResponse, folder: Path
) -> None:
    assert host.Run(run_request(folder)) == expected


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"virtualenv": ".venv"}, r"program/.venv/bin/python"),
        ({"toolchain": "poetry"}, "toolchain: poetry needs an installed Pulumi CLI"),
        ({"typechecker": "mypy"}, "typechecker: mypy needs an installed Pulumi CLI"),
    ],
)
def test_options_that_it_cannot_serve_are_refused_by_name(
    host: language_pb2_grpc.LanguageRuntimeStub, options: dict[str, object], reason: str, folder: Path
) -> None:
    with pytest.raises(grpc.RpcError) as call:
        host.Run(run_request(folder, **options))
    assert reason in details(call)
    with pytest.raises(grpc.RpcError) as call:
        collect(host.RunPlugin(plugin(folder, "analyzer", **options)))
    assert reason in details(call)


def test_a_plugin_gives_its_output_its_environment_and_its_exit_code(
    host: language_pb2_grpc.LanguageRuntimeStub, folder: Path
) -> None:
    source = """
        import os, sys
        print(sys.argv[1:], os.environ["A"], os.getcwd(), os.environ["PATH"])
        print("oh", file=sys.stderr)
        sys.exit(7)
    """
    (folder / "__main__.py").write_text(dedent(source))
    stdout, stderr, codes = collect(host.RunPlugin(plugin(folder, "resource", "127.0.0.1:4")))
    assert stdout.strip() == f"['127.0.0.1:4'] b=c {folder.parent} {sys.prefix}/bin:/usr/bin"
    assert stderr == "oh\n"
    assert codes == [7]


def test_output_of_a_plugin_comes_while_it_runs(host: language_pb2_grpc.LanguageRuntimeStub, folder: Path) -> None:
    (folder / "__main__.py").write_text("import threading; print('ready'); threading.Event().wait()")
    responses = host.RunPlugin(plugin(folder, "resource"))
    assert next(responses).stdout.startswith(b"ready")
    responses.cancel()


def test_a_folder_that_is_no_plugin_is_refused(host: language_pb2_grpc.LanguageRuntimeStub, folder: Path) -> None:
    with pytest.raises(grpc.RpcError) as call:
        collect(host.RunPlugin(plugin(folder, "resource")))
    assert "neither __main__.py nor a pyproject.toml" in details(call)


def wait_until_gone(pid: int) -> None:
    """Return when there is no such process; a test that hangs here has failed."""
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)


PACK = """
    import os, sys
    from pulumi_policy import PolicyPack, StackValidationPolicy
    print(f"pid {os.getpid()} in {os.getcwd()}", file=sys.stderr, flush=True)
    rule = StackValidationPolicy(name="nothing", description="Nothing.", validate=lambda args, report: None)
    PolicyPack(name="tiny", policies=[rule])
"""


@pytest.mark.timeout(120)
def test_a_policy_pack_serves_until_the_call_is_cancelled(
    host: language_pb2_grpc.LanguageRuntimeStub, folder: Path
) -> None:
    (folder / "__main__.py").write_text(dedent(PACK))
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.0.1\n")
    responses = host.RunPlugin(plugin(folder, "analyzer", "127.0.0.1:5"))
    stdout, stderr = "", ""
    while not (stdout.endswith("\n") and stderr.endswith("\n")):
        response = next(responses)
        stdout += response.stdout.decode()
        stderr += response.stderr.decode()
    assert stdout.strip().isdecimal(), "the first line is the port"
    _, pid, _, cwd = stderr.split()
    assert cwd == str(folder)
    responses.cancel()
    wait_until_gone(int(pid))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly_with_everything_that_it_has_started(
    number: signal.Signals, folder: Path, tmp_path: Path
) -> None:
    (folder / "__main__.py").write_text("import os, threading; print(os.getpid()); threading.Event().wait()")
    with start(tmp_path, CODE="0", SEEN="") as process, connect(process) as channel:
        stub = language_pb2_grpc.LanguageRuntimeStub(channel)
        responses = stub.RunPlugin(plugin(folder, "resource"))
        pid = int(next(responses).stdout)
        process.send_signal(number)
        assert process.wait(timeout=60) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
        wait_until_gone(pid)


@pytest.mark.timeout(120)
def test_it_does_not_outlive_a_killed_engine(tmp_path: Path) -> None:
    host = [sys.executable, "-I", str(ROOT / "toolchain" / "language_host.py"), "--executor", "none", "127.0.0.1:1"]
    source = f"""
        import subprocess, threading
        host = subprocess.Popen({host!r}, stdout=subprocess.PIPE)
        host.stdout.readline()
        print(host.pid, flush=True)
        threading.Event().wait()
    """
    engine = [sys.executable, "-c", dedent(source)]
    with subprocess.Popen(engine, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    wait_until_gone(pid)


def test_dependencies_are_installed_into_an_environment_that_is_made_for_them(
    host: language_pb2_grpc.LanguageRuntimeStub, folder: Path
) -> None:
    (folder / "requirements.txt").write_text("# nothing\n")
    request = language_pb2.InstallDependenciesRequest(info=info(folder, virtualenv="environment"))
    for _ in range(2):
        collect_installation(host.InstallDependencies(request))
        assert (folder / "environment" / "bin" / "python").exists()


def collect_installation(responses: Iterator[language_pb2.InstallDependenciesResponse]) -> None:
    for response in responses:
        assert response.stdout or response.stderr


def test_dependencies_that_cannot_be_installed_fail_the_call(
    host: language_pb2_grpc.LanguageRuntimeStub, folder: Path
) -> None:
    (folder / "requirements.txt").write_text("no such thing ==\n")
    with pytest.raises(grpc.RpcError) as call:
        collect_installation(
            host.InstallDependencies(language_pb2.InstallDependenciesRequest(info=info(folder, virtualenv="e")))
        )
    assert "pip install" in details(call)
