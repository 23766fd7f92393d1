"""Installs PyTorch into the running environment with as little of CUDA as its loader insists on.

PyTorch's stock Linux package links CUDA's libraries, gigabytes that a CPU run never calls. So: the package without its
dependencies, then, as long as importing it names a missing library, the one package that holds it, in the version that
PyTorch's own metadata asks for. Libraries that the machine has (a CUDA toolkit) are used. A CPU-only build of
PyTorch, if pip is configured to find one, needs none of this and passes at once. If nothing helps: everything.
"""

import importlib.metadata
import re
import subprocess
import sys

# Library that the loader misses -> its requirement in PyTorch's metadata: a name's start, or an extra of cuda-toolkit.
HOLDERS = {
    "libcudnn": "nvidia-cudnn", "libnccl": "nvidia-nccl", "libcusparseLt": "nvidia-cusparselt",
    "libnvshmem": "nvidia-nvshmem", "libcublas": "cublas", "libcudart": "cudart", "libcufft": "cufft",
    "libcufile": "cufile", "libcupti": "cupti", "libcurand": "curand", "libcusolver": "cusolver",
    "libcusparse": "cusparse", "libnvJitLink": "nvjitlink", "libnvrtc": "nvrtc", "libnvToolsExt": "nvtx",
}


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def import_error():
    """What importing torch says in a fresh process; empty when it works."""
    done = subprocess.run([sys.executable, "-c", "import torch"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it crashed"])[-1]


def requirements():
    """PyTorch's requirements without conditions: "nvidia-nccl-cu13==2.30.7", "cuda-toolkit[cublas,...]==13.2.2"."""
    names = importlib.metadata.distribution("torch").requires or []
    return [text.split(";")[0].strip() for text in names if "extra ==" not in text]


def holder(library):
    """The requirement that brings `library`, or None."""
    key = max((k for k in HOLDERS if library.startswith(k)), key=len, default=None)
    if key is None:
        return None
    name = HOLDERS[key]
    for requirement in requirements():
        if requirement.startswith(name):
            return requirement
        toolkit = re.match(r"cuda-toolkit\[([^]]*)\](.*)", requirement)
        if toolkit and name in toolkit[1].split(","):
            return f"cuda-toolkit[{name}]{toolkit[2]}"
    return None


def next_step(error, tried):
    """Requirements to install because of `error`; empty when there is no idea left."""
    missing = re.search(r"(lib\w+)\S*: cannot open shared object file", error)
    if missing:
        found = holder(missing[1])
        return [found] if found and found not in tried else []
    symbol = re.search(r"undefined symbol: (\w+)", error)
    if symbol:  # the machine's own library is too old; ncclCommResume belongs to nvidia-nccl-...
        pinned = [r for r in requirements() if r.startswith("nvidia-") and r not in tried]
        return [r for r in pinned if symbol[1].lower().startswith(r.split("-")[1])] or pinned
    return []


def main():
    with open(sys.argv[1]) as file:
        torch = next(line.strip() for line in file if line.startswith("torch=="))
    done = pip("--no-deps", torch)
    if done.returncode != 0:
        sys.exit(done.stderr)
    tried = []
    while error := import_error():
        step = next_step(error, tried)
        if not step:
            print(f"PyTorch does not load ({error}): installing everything it asks for", file=sys.stderr)
            done = pip(torch)
            error = done.stderr if done.returncode != 0 else import_error()
            sys.exit(error or 0)
        tried += step
        print("PyTorch needs " + " ".join(step), file=sys.stderr)
        done = pip(*step)
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)


if __name__ == "__main__":
    main()
