"""MLflow's own server, imported once and forked for every start: a server that was killed is back in a moment, not after
seconds of importing. usage: warm_server.py FOLDER PORT; each line on stdin starts it, its process id is the answer."""

import os
import signal
import sys

folder, port = sys.argv[1], int(sys.argv[2])
# As `mlflow server --backend-store-uri ... --artifacts-destination ...` sets them for its workers (mlflow/server/__init__.py).
os.environ.update({
    "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/ml.db",
    "_MLFLOW_SERVER_REGISTRY_STORE": f"sqlite:///{folder}/ml.db",
    "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
    "_MLFLOW_SERVER_ARTIFACT_DESTINATION": f"{folder}/artifacts",
    "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
})  # fmt: skip

import uvicorn  # noqa: E402
from mlflow.server.fastapi_app import app  # noqa: E402
from mlflow.server.handlers import initialize_backend_stores  # noqa: E402

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
for _ in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(f"{folder}/server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        # Before it answers, as `mlflow server` does: a kill while the tables are made would leave MLflow's database broken.
        initialize_backend_stores(os.environ["_MLFLOW_SERVER_FILE_STORE"], os.environ["_MLFLOW_SERVER_REGISTRY_STORE"],
                                  "mlflow-artifacts:/")  # fmt: skip
        uvicorn.run(app, host="127.0.0.1", port=port, workers=1)
        os._exit(0)
    print(pid, flush=True)
