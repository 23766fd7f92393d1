"""A real MLflow server (SQLite store, loopback) for the tests that need one, and a run that takes seconds."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
for name in [n for n in os.environ if n.startswith("MLFLOW_") and n != "MLFLOW_DISABLE_TELEMETRY"]:
    del os.environ[name]
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def tiny(epochs=3, train=64):
    return f"""--size 32 --synthetic-train {train} --synthetic-val 32 --synthetic-test 32 --batch 16 --epochs {epochs} --threads 1
    --lr .05 --schedule constant --warmup-epochs 0 --latency-iterations 5 --patience 0 --progress none""".split()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """It can be killed, and come back on its port with its data."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{self.folder}/ml.db",
                   "--artifacts-destination", f"{self.folder}/artifacts", "--host", "127.0.0.1", "--port", str(self.port),
                   "--workers", "1"]  # fmt: skip
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd=self.folder)
        deadline = time.time() + 300  # seconds of its own work, minutes on a busy machine
        while time.time() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(self.url + "/health", timeout=2).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("no MLflow server: " + (self.folder / "server.log").read_text()[-2000:])

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

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
