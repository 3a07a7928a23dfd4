"""The shop's processes: two collectors, and a front, a checkout and a worker on each of two nodes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING

from driver.build import HERE, find
from driver.plan import NODES, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

PRODUCTS = json.loads((HERE / "shop" / "products.json").read_text(encoding="utf-8"))


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Shop:
    """Starts, watches and stops everything that runs, and keeps what was done and when (`done`, for the truth)."""

    def __init__(self, plan: Plan, collector: Path, bundles: Path, folder: Path) -> None:
        self.plan, self.folder, self._collector, self._bundles = plan, folder, collector, bundles
        self.done: list[dict[str, object]] = []
        self.failed: list[BaseException] = []  # what went wrong in a thread, where nobody would see it
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.otlp, self._second = free_port(), free_port()
        self.ports = {f"{what}@{node}": free_port() for what in ("front", "worker") for node in NODES}
        self._stopping = False
        self._restarts = dict.fromkeys(NODES, 0)
        # Listens and never answers: what the bad release finds at the loyalty service's address.
        self._silent = socket.create_server(("127.0.0.1", 0), backlog=200)
        for name in ("out", "ledger", "lines", "switches"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def note(self, what: str, **facts: object) -> None:
        self.done.append({"at": time.time_ns(), "what": what, **facts})

    def told(self, work: Callable[..., None], *args: object) -> None:
        """Do it, in a thread; a mistake is kept for the end of the run."""
        try:
            work(*args)
        except BaseException as error:
            self.failed.append(error)

    # --- the whole -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._start_collector("stream", "stream.yaml", self._second, "--feature-gates=exporter.file.nativeCompression")
        self._start_collector("collector", "collector.yaml", self.otlp)
        for node in NODES:
            self._start_worker(node)
        self.release(self.plan.checkout, "")
        for node in NODES:
            self._start_front(node)

    def stop(self) -> None:
        """Ask everything to end, the fronts first and the collectors last, each after what it still had to send."""
        self._stopping = True
        for kind in ("front", "checkout", "worker"):
            for name in [n for n in self.running if n.startswith(kind)]:
                self._end(name)
        # The Collector has to have nothing left in its batches (2 s) when it ends: its signals share one file exporter,
        # and the first of them to shut down closes the file under the last batch of the other.
        time.sleep(5)
        self._end("collector")
        self._end("stream")
        for name in ("collector", "stream"):
            said = (self.folder / f"{name}.log").read_text(encoding="utf-8")
            if "Exporting failed" in said:
                raise SystemExit(f"the {name} lost records:\n{said[-3000:]}")

    def kill(self) -> None:
        """After a mistake: nothing stays behind."""
        self._stopping = True
        self._silent.close()
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    # --- faults ----------------------------------------------------------------------------------------------------

    def release(self, version: str, loyalty: str) -> None:
        """Start the checkouts of a version, send the fronts to them, say so, let the old ones finish and end."""
        old = [name for name in self.running if name.startswith("checkout")]
        upstreams = {}
        for node in NODES:
            port = free_port()
            upstreams[node] = f"http://127.0.0.1:{port}"
            self._start_checkout(node, version, port, loyalty)
        file = self.folder / "upstreams.json"
        file.with_suffix(".new").write_text(json.dumps(upstreams), encoding="utf-8")
        file.with_suffix(".new").rename(file)
        if old:
            before = old[0].split(" ")[1]
            self.note("deployed", version=version, previous=before)
            self._run_deploy(before, version)
            time.sleep(5)  # as long as a request of theirs may take
            for name in old:
                self._end(name)

    def silent(self) -> str:
        return f"127.0.0.1:{self._silent.getsockname()[1]} {self.plan.tier}"

    def switch(self, name: str, on: bool) -> None:
        """A fault that a running process looks for: a file that is there or not."""
        file = self.folder / "switches" / name
        file.touch() if on else file.unlink()
        self.note(name, on=on)

    def health(self) -> None:
        """Once to every process, as a kubelet asks."""
        upstreams = json.loads((self.folder / "upstreams.json").read_text(encoding="utf-8"))
        for url in [*upstreams.values(), *(f"http://127.0.0.1:{port}" for port in self.ports.values())]:
            try:
                urllib.request.urlopen(f"{url}/healthz", timeout=2).close()
            except OSError:
                continue  # it is down; its own records say so

    # --- one process -----------------------------------------------------------------------------------------------

    def _start_collector(self, name: str, config: str, port: int, *flags: str) -> None:
        env = {"OTLP_PORT": str(self.otlp), "SECOND_PORT": str(self._second), "OUT": str(self.folder / "out"),
               "LINES": str(self.folder / "lines")}  # fmt: skip
        command = [str(self._collector), "--config", str(HERE / "collector" / config), *flags]
        with (self.folder / f"{name}.log").open("wb") as said:
            self._popen(name, command, env, said, port)

    def _start_checkout(self, node: str, version: str, port: int, loyalty: str) -> None:
        name = f"checkout {version} {node} {len(self.running)}"
        env = {"SHOP_LOYALTY": loyalty, "SHOP_UNPRICED": self.plan.unpriced,
               "SHOP_WORKER": f"http://127.0.0.1:{self.ports[f'worker@{node}']}"}  # fmt: skip
        self._service(name, "checkout", version, node, port, env)

    def _start_worker(self, node: str) -> None:
        n = self._restarts[node]
        env = {"SHOP_RESTARTS": str(n), "SHOP_JOBS_PER_SECOND": str(self.plan.jobs_per_second),
               "SHOP_EXPORT_SWITCH": str(self.folder / "switches" / f"export@{node}"),
               "SHOP_EXPORT_EVERY": str(self.plan.export_every), "MALLOC_ARENA_MAX": "2"}  # fmt: skip
        lines = self.folder / "lines" / f"{node}_worker_{n}.log"
        name = f"worker@{node}"
        process = self._service(name, "worker", self.plan.worker, node, self.ports[name], env, lines)
        threading.Thread(target=self.told, args=(self._watch, node, process), daemon=True).start()

    def _watch(self, node: str, process: subprocess.Popen[bytes]) -> None:
        """Start a worker again that died, as a kubelet does."""
        code = process.wait()
        if self._stopping:
            return
        self.note("died", service="worker", node=node, pid=process.pid, exit_code=code)
        time.sleep(2)
        if not self._stopping:
            self._restarts[node] += 1
            self._start_worker(node)

    def _start_front(self, node: str) -> None:
        env = {"SHOP_UPSTREAMS": str(self.folder / "upstreams.json"), "SHOP_NODE": node,
               "SHOP_SLOW_SWITCH": str(self.folder / "switches" / f"slow@{node}"),
               "SHOP_EVENTS": str(self.folder / "events.jsonl"), "SHOP_STATIC": str(self._bundles)}  # fmt: skip
        name = f"front@{node}"
        self._service(name, "front", self.plan.front, node, self.ports[name], env)

    def _run_deploy(self, before: str, version: str) -> None:
        env = {"SHOP_DEPLOY": f"checkout {before} {version}"}
        self._service("deploy", "deploy", "1.0.0", NODES[0], 0, env).wait()
        del self.running["deploy"]

    def _service(
        self, name: str, what: str, version: str, node: str, port: int, more: dict[str, str], lines: Path | None = None
    ) -> subprocess.Popen[bytes]:
        serial = len(list((self.folder / "ledger").iterdir()))
        resource = {"service.name": what, "service.version": version, "deployment.environment": "production",
                    "host.name": node, "k8s.node.name": node,
                    "k8s.pod.name": f"{what}-{node[-1]}-{serial:02d}"}  # fmt: skip
        env = {"SHOP_RESOURCE": json.dumps(resource), "SHOP_OTLP": f"http://127.0.0.1:{self.otlp}",
               "SHOP_LEDGER": str(self.folder / "ledger" / f"{serial:03d}-{what}.jsonl"), "SHOP_PORT": str(port),
               "SHOP_SEED": f"{self.plan.seed} {name}", "SHOP_PRODUCTS": json.dumps(PRODUCTS), **more}  # fmt: skip
        if what == "front":
            command = [str(find("node")), str(HERE / "shop" / "launch.js"), str(self._bundles / "front.js")]
        else:
            command = [sys.executable, str(HERE / "shop" / "launch.py"), what]
        Path(env["SHOP_LEDGER"]).touch()
        # A worker's pod gets a file for each life, as a container's standard error does.
        with (lines or self.folder / f"{what}.stderr").open("ab") as said:
            return self._popen(name, command, env, said, port)

    def _popen(
        self, name: str, command: list[str], env: dict[str, str], said: IO[bytes], port: int
    ) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **env}, cwd=HERE / "shop")
        self.running[name] = process
        deadline = time.monotonic() + 30
        while port and not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                text = Path(said.name).read_text(encoding="utf-8", errors="replace")
                raise SystemExit(f"{name} did not start:\n{text[-3000:]}")
            time.sleep(0.1)
        return process

    def _end(self, name: str) -> None:
        process = self.running.pop(name)
        if process.poll() is not None and not name.startswith("worker"):
            said = next((f for f in self.folder.glob("*.stderr") if f.stem == name.split("@")[0].split(" ")[0]), None)
            text = said.read_text(encoding="utf-8", errors="replace") if said else ""
            raise SystemExit(f"{name} ended by itself with {process.returncode}:\n{text[-3000:]}")
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            self.note("killed", process=name)


def _listens(port: int) -> bool:
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex(("127.0.0.1", port)) == 0
