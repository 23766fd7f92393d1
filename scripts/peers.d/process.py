"""A worker process as the controller sees it: started, asked one question at a time, stopped (SIGSTOP) in between.

Stopping is what lets several thread pools live on one machine without disturbing each other: no library needs to
be told how to wait, so each runs with its own default, and fastest, way of waiting.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")


class Refused(Exception):
    """The worker cannot do this work; the text is its reason."""


def busy_and_stolen_s():
    """CPU seconds that all processes used, and that the hypervisor gave to others, since boot."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _wait, irq, soft, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + soft) / TICK, steal / TICK


def die_with_parent():
    """A stopped worker would outlive a killed controller forever: Linux's PR_SET_PDEATHSIG ends it."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Worker:
    def __init__(self, command, environment):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        env=environment, start_new_session=True, preexec_fn=die_with_parent)
        self.buffer = b""
        # Summed over all turns: wall time, CPU time of others, CPU time stolen.
        self.wall_s = self.others_s = self.stolen_s = 0.0

    def reason(self):
        """The last line that the worker wrote to stderr."""
        self.log.seek(0)
        lines = [line.strip() for line in self.log.read().splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.process.poll()}"

    def _line(self, timeout_s):
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                self.kill()
                raise Refused(f"no answer within {timeout_s:.0f} s")
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                self.process.wait()
                raise Refused(self.reason())
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\n", 1)
        try:
            return json.loads(line)
        except ValueError:
            self.kill()
            raise Refused(f"not a message of the protocol: {line[:80]!r}") from None

    def _signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def wait_ready(self, timeout_s):
        message = self._line(timeout_s)
        self._signal(signal.SIGSTOP)
        return message

    def _cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def ask(self, message, timeout_s):
        """One request and its answer; the worker runs only in between."""
        busy, stolen = busy_and_stolen_s()
        own, start = self._cpu_s(), time.monotonic()
        self._signal(signal.SIGCONT)
        try:
            self.process.stdin.write((json.dumps(message) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            self.process.wait()
            raise Refused(self.reason()) from None
        answer = self._line(timeout_s)
        self._signal(signal.SIGSTOP)
        after, stolen_after = busy_and_stolen_s()
        self.wall_s += time.monotonic() - start
        self.others_s += max(0.0, after - busy - (self._cpu_s() - own))
        self.stolen_s += stolen_after - stolen
        return answer

    def kill(self):
        self._signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        self._signal(signal.SIGCONT)
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            pass
        self.kill()  # also what the worker may have started
        self.process.stdout.close()
        self.log.close()
