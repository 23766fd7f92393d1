// The errors that a user can cause. Each says what is wrong, where, and how to fix it; only the programs'
// main() catches them and turns the type into an exit code (study/cli/exit_code.hpp). Nothing below study/ or
// the programs prints or exits. dnnl::error passes through untouched.
#pragma once

#include <stdexcept>

namespace dsx {

// A flag, a settings file or a network description that makes no sense.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Input that cannot be read or does not fit: images, data sets, checkpoints.
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Output that cannot be written: an existing or unwritable folder, a full disk.
struct OutputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What this CPU or this oneDNN cannot do (a `ref` implementation, bf16 without hardware for it).
struct UnsupportedError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Training that left the finite numbers.
struct DivergedError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace dsx
