// What a program's exit code means: one code per kind of failure, so that scripts and sweeps can tell a bad
// flag from a full disk without reading the message. study_main.cpp is the only place that maps types to
// codes for `study`; bench_ops_main.cpp repeats 1, 2 and 5.
#pragma once

namespace dsx::cli {

enum class ExitCode : int {
  ok = 0,
  internal = 1,       // a bug of ours, or something nobody foresaw
  config = 2,         // ConfigError: a flag, a settings file, a network description
  data = 3,           // DataError: images, data sets, checkpoints
  output = 4,         // OutputError: an existing or unwritable folder, a full disk
  unsupported = 5,    // UnsupportedError, dnnl::error: not on this CPU or with this oneDNN
  diverged = 6,       // DivergedError: the loss left the finite numbers
  interrupted = 130,  // SIGINT or SIGTERM, as shells report it (128 + 2)
};

}  // namespace dsx::cli
