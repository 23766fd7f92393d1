// How OpenMP's threads wait for each other while a network is trained. GNU's runtime spins for milliseconds
// by default: quick on a quiet machine, and on one with other work many times slower than a single thread,
// since a waiting thread keeps the CPU from the one that it waits for. Training therefore spins briefly and
// then sleeps. What measures latency keeps the runtime's own way (docs/measuring.md), and OMP_WAIT_POLICY or
// GOMP_SPINCOUNT of the user's always win.
#pragma once

namespace dsx::settings {

// Starts this program anew with that policy, since the runtime reads it once, when it is loaded: does not
// return then. Returns when the policy holds already, or when the program cannot be started. Before anything
// is printed.
void wait_briefly();

// Whether this process was started anew by wait_briefly(): what was said before need not be said again.
bool waits_briefly();

}  // namespace dsx::settings
