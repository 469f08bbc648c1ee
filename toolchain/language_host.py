"""Language host of Python, only for machines where `toolchain/pulumi_cli.py` had to build the Pulumi CLI.

An installed Pulumi brings its own `pulumi-language-python`, and then nothing here is used. The original cannot be
fetched as a module, so this one serves the same protocol (`pulumi/language.proto`) with the SDK's own stubs, for what a
Pulumi.yaml, PulumiPolicy.yaml or PulumiPlugin.yaml with the `pip` toolchain asks for. It runs in a virtual environment
of its own, beside the CLI; programs, policy packs and plugins run in theirs (the `virtualenv` option, relative to the
folder of the YAML file), or else in `PULUMI_PYTHON_CMD` or `python3`.

The engine starts it as `pulumi-language-python ENGINE_ADDRESS`, reads the port from the first line of its output, and
ends it with SIGINT to its process group.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Literal, NoReturn

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

ALREADY_REPORTED = 32
"""Exit code of `pulumi-language-python-exec`: the user has seen the error, do not print another."""
SECONDS_TO_STOP = 2.0
"""The engine kills a plugin 5 s after SIGINT, so its children must be gone earlier."""

Output = Literal["stdout", "stderr"]


class CannotRun(Exception):
    """The request cannot be served, with the reason and the remedy."""


def interpreter(info: language_pb2.ProgramInfo, default_virtualenv: str = "") -> Path:
    """The Python that the program, policy pack or plugin asks for.

    Raises :class:`CannotRun` for a toolchain or type checker that this host does not serve, or no such interpreter.
    """
    options = json_format.MessageToDict(info.options)
    if (toolchain := options.get("toolchain", "pip")) != "pip":
        raise CannotRun(f"runtime option toolchain: {toolchain} needs an installed Pulumi CLI; write pip")
    if typechecker := options.get("typechecker"):
        raise CannotRun(f"runtime option typechecker: {typechecker} needs an installed Pulumi CLI; leave it out")
    if virtualenv := options.get("virtualenv") or default_virtualenv:
        python = Path(info.root_directory, virtualenv, "bin", "python")
        if not python.is_file():
            raise CannotRun(f"runtime option virtualenv: {virtualenv} is no virtual environment: there is no {python}")
        return python
    command = os.environ.get("PULUMI_PYTHON_CMD") or "python3"
    found = shutil.which(command)
    if found is None:
        raise CannotRun(f"{command} is not on PATH; set the runtime option virtualenv")
    return Path(found)


def environment(base: Mapping[str, str], python: Path) -> dict[str, str]:
    """``base`` with the virtual environment of ``python`` active, if it is in one."""
    result = dict(base)
    prefix = python.parent.parent
    if (prefix / "pyvenv.cfg").is_file():
        result["VIRTUAL_ENV"] = str(prefix)
        result["PATH"] = os.pathsep.join(filter(None, (str(python.parent), base.get("PATH", ""))))
        result.pop("PYTHONHOME", None)
    return result


def program_arguments(executor: Path, request: language_pb2.RunRequest, engine: str) -> list[str]:
    """What `python` is started with to run a program; the options are those of `pulumi-language-python-exec`."""
    options = {
        "monitor": request.monitor_address,
        "engine": engine,
        "project": request.project,
        "root_directory": request.info.root_directory,
        "stack": request.stack,
        "pwd": request.pwd,
        "dry_run": "true" if request.dryRun else "false",
        "parallel": str(request.parallel),
        "organization": request.organization,
    }
    given = [part for name, value in options.items() if value for part in (f"--{name}", value)]
    return ["-u", str(executor), *given, request.info.entry_point or ".", *request.args]


def plugin_arguments(request: language_pb2.RunPluginRequest) -> list[str]:
    """What `python` is started with to run a policy pack or another plugin.

    A pack runs under the SDK's launcher; a folder with a `__main__.py` runs itself; a buildable package without one is
    hosted by the SDK, which looks for its components. Raises :class:`CannotRun` if it is none of them.
    """
    folder = Path(request.info.program_directory)
    if request.kind == "analyzer":
        return ["-u", "-m", "pulumi.policy", *request.args, str(folder)]
    if (folder / "__main__.py").is_file():
        return ["-u", str(folder), *request.args]
    if name := package_name(folder):
        return ["-u", "-m", "pulumi.run.plugin", name, *request.args]
    raise CannotRun(f"{folder} is no plugin: it has neither __main__.py nor a pyproject.toml with a build backend")


def package_name(folder: Path) -> str | None:
    """Name of the buildable package in ``folder``, if it is one."""
    try:
        pyproject = tomllib.loads((folder / "pyproject.toml").read_text())
    except FileNotFoundError:
        return None
    return pyproject.get("project", {}).get("name") if pyproject.get("build-system", {}).get("build-backend") else None


def install_commands(
    python: Path | None, info: language_pb2.ProgramInfo, virtualenv: str
) -> Iterator[tuple[Path, list[str]]]:
    """Pairs of interpreter and arguments that create the environment, if there is none, and install into it."""
    folder = Path(info.program_directory)
    if python is None:
        target = Path(info.root_directory, virtualenv)
        yield Path(shutil.which("python3") or sys.executable), ["-m", "venv", str(target)]
        python = target / "bin" / "python"
    if (folder / "requirements.txt").is_file():
        yield python, ["-m", "pip", "install", "-r", "requirements.txt"]
    elif package_name(folder):
        yield python, ["-m", "pip", "install", "-e", "."]


class Children:
    """The processes that the host has started; whoever stops the host stops them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def start(
        self,
        context: grpc.ServicerContext,
        command: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        output: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start ``command``; it ends when the call does, whoever ends it."""
        with self._lock:
            if self._stopped:
                raise CannotRun("the language host is stopping")
            process = subprocess.Popen(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            self._running.add(process)
        if not context.add_callback(lambda: self.end(process)):
            self.end(process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Terminate ``process`` unless it has ended, and forget it."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
        with self._lock:
            self._running.discard(process)

    def stop(self) -> None:
        """Terminate all, and start none any more."""
        with self._lock:
            self._stopped = True
            running = tuple(self._running)
        for process in running:
            self.end(process)


def output_of(process: subprocess.Popen[bytes]) -> Iterator[tuple[Output, bytes]]:
    """Chunks of both streams as they come, until both have ended."""
    chunks: SimpleQueue[tuple[Output, bytes]] = SimpleQueue()

    def read(stream: IO[bytes], name: Output) -> None:
        while chunk := os.read(stream.fileno(), 65536):
            chunks.put((name, chunk))
        chunks.put((name, b""))

    assert process.stdout is not None
    assert process.stderr is not None
    for stream, name in ((process.stdout, "stdout"), (process.stderr, "stderr")):
        threading.Thread(target=read, args=(stream, name), daemon=True).start()
    open_streams = 2
    while open_streams:
        name, chunk = chunks.get()
        if chunk:
            yield name, chunk
        else:
            open_streams -= 1


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The protocol of `pulumi/language.proto`, as far as `preview`, `up`, policies, plugins and `install` use it."""

    def __init__(self, executor: Path, engine: str, children: Children) -> None:
        self._executor = executor
        self._engine = engine
        self._children = children

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """None in advance: the engine looks for a provider when the program registers its first resource."""
        return language_pb2.GetRequiredPackagesResponse()

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        try:
            python = str(interpreter(request.info))
            reported = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
        except (CannotRun, OSError, subprocess.CalledProcessError) as error:
            refuse(context, error)
        return language_pb2.AboutResponse(executable=python, version=reported.removeprefix("Python ").strip())

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        try:
            python = interpreter(request.info)
        except CannotRun as error:
            refuse(context, error)
        command = [str(python), "-m", "pip", "list", "--format", "json"]
        if not request.transitiveDependencies:
            command.append("--not-required")
        listing = subprocess.run(command, capture_output=True, check=False)
        if listing.returncode:
            refuse(context, CannotRun(f"{' '.join(command)} failed: {listing.stderr.decode(errors='replace').strip()}"))
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=(
                language_pb2.DependencyInfo(name=package["name"], version=package["version"])
                for package in json.loads(listing.stdout)
            )
        )

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        default = "venv" if request.is_plugin else ""
        virtualenv = json_format.MessageToDict(request.info.options).get("virtualenv") or default
        missing = bool(virtualenv) and not Path(request.info.root_directory, virtualenv).exists()
        try:
            python = None if missing else interpreter(request.info, default)
            for executable, arguments in install_commands(python, request.info, virtualenv):
                process = self._start(context, executable, arguments, request.info.program_directory, os.environ)
                for name, chunk in output_of(process):
                    yield language_pb2.InstallDependenciesResponse(**{name: chunk})
                if code := process.wait():
                    raise CannotRun(f"python {' '.join(arguments)} ended with exit code {code}")
        except CannotRun as error:
            refuse(context, error)

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run a program; its output is the host's own, which the engine reads."""
        configuration = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        try:
            python = interpreter(request.info)
            process = self._children.start(
                context,
                [str(python), *program_arguments(self._executor, request, self._engine)],
                cwd=request.pwd or request.info.program_directory,
                env=environment(os.environ, python) | configuration,
            )
        except (CannotRun, OSError) as error:
            refuse(context, error)
        code = process.wait()
        if code == ALREADY_REPORTED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}" if code else "")

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a policy pack or another plugin: its output as it comes, and at the end its exit code."""
        base = dict(item.split("=", 1) for item in request.env) or os.environ
        is_pack = request.kind == "analyzer"
        try:
            python = interpreter(request.info, "" if is_pack else "venv")
            cwd = request.info.program_directory if is_pack else request.pwd
            process = self._start(context, python, plugin_arguments(request), cwd, base)
        except (CannotRun, OSError) as error:
            refuse(context, error)
        for name, chunk in output_of(process):
            is_stdout = name == "stdout"
            yield (
                language_pb2.RunPluginResponse(stdout=chunk)
                if is_stdout
                else language_pb2.RunPluginResponse(stderr=chunk)
            )
        yield language_pb2.RunPluginResponse(exitcode=process.wait())

    def _start(
        self, context: grpc.ServicerContext, python: Path, arguments: Iterable[str], cwd: str, base: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        command = [str(python), *arguments]
        return self._children.start(context, command, cwd, environment(base, python), subprocess.PIPE)


def refuse(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    """End the call with the reason, which the engine prints."""
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    raise AssertionError("abort raises")


def serve(executor: Path, engine: str) -> None:
    """Serve until SIGINT, SIGTERM, or until the engine that started this process is gone."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    children = Children()
    # Each plugin occupies a thread for as long as it lives; the message limit is the engine's own, 400 MB.
    server = grpc.server(
        ThreadPoolExecutor(max_workers=64),
        options=[("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(executor, engine, children), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    while not stop.wait(1.0) and os.getppid() == parent:
        pass
    children.stop()
    server.stop(grace=None).wait()


def main() -> None:
    """Command line: the engine's address comes last; flags that only the original knows are ignored."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0], allow_abbrev=False)
    parser.add_argument("--executor", type=Path, required=True, help="pulumi-language-python-exec")
    arguments, rest = parser.parse_known_args()
    serve(arguments.executor, rest[-1] if rest else "")


if __name__ == "__main__":
    main()
