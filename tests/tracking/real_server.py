"""A real MLflow server (SQLite store, loopback) for the tests that need one, and a run that takes seconds."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
for name in [n for n in os.environ if n.startswith("MLFLOW_") and n != "MLFLOW_DISABLE_TELEMETRY"]:
    del os.environ[name]
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)
os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # processes that nobody here needs
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def tiny(epochs=3, train=64):
    return f"""--size 32 --synthetic-train {train} --synthetic-val 32 --synthetic-test 32 --batch 16 --epochs {epochs} --threads 1
    --lr .05 --schedule constant --warmup-epochs 0 --latency-iterations 5 --patience 0 --progress none""".split()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """It can be killed, and come back on its port with its data. Server.start() is a moment when `warm`: warm_server.py."""

    def __init__(self, folder, warm=False):
        self.folder, self.port, self.warm = folder, free_port(), warm
        self.process = self.forker = self.pid = None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        with open(self.folder / "server.log", "ab") as log:
            if self.warm and self.forker is None:
                script = Path(__file__).parent / "warm_server.py"
                self.forker = subprocess.Popen([sys.executable, "-B", script, self.folder, str(self.port)], text=True,
                                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)  # fmt: skip
            elif not self.warm:
                command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri",
                           f"sqlite:///{self.folder}/ml.db", "--artifacts-destination", f"{self.folder}/artifacts",
                           "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]  # fmt: skip
                self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd=self.folder)
                self.pid = self.process.pid
        if self.warm:
            self.forker.stdin.write("start\n")
            self.forker.stdin.flush()
            self.pid = int(self.forker.stdout.readline())
        deadline = time.time() + 900  # seconds of its own work, many minutes on a busy machine
        while time.time() < deadline and self.is_alive():
            try:
                urllib.request.urlopen(self.url + "/health", timeout=2).close()
                return
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise RuntimeError("no MLflow server: " + (self.folder / "server.log").read_text()[-2000:])

    def is_alive(self):
        if self.process is not None:
            return self.process.poll() is None
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, TypeError):
            return False
        return True

    def kill(self):
        if self.is_alive():
            os.killpg(self.pid, signal.SIGKILL)
        while self.is_alive():
            time.sleep(0.01)

    def close(self):
        self.kill()
        if self.forker is not None:
            self.forker.stdin.close()
            self.forker.stdout.close()
            self.forker.wait()

    @contextlib.contextmanager
    def read_only_artifacts(self):
        """The store refuses every write: a read-only mount, or, without the right to mount, no folder in its place."""
        store = self.folder / "artifacts"
        store.mkdir(exist_ok=True)
        mounted = subprocess.run(["mount", "--bind", store, store], capture_output=True).returncode == 0
        if mounted:
            subprocess.run(["mount", "-o", "remount,bind,ro", store], check=True)
        else:
            store.rename(self.folder / "elsewhere")
            store.write_text("not a folder")
        try:
            yield
        finally:
            if mounted:
                subprocess.run(["umount", "-l", store], check=True)
            else:
                store.unlink()
                (self.folder / "elsewhere").rename(store)
