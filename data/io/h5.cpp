// The lock around HDF5, its error messages, and what reader and writer share.
#include "data/io/h5.hpp"

#include <cstring>

#include "data/io/h5_internal.hpp"

namespace dsx::data::h5 {
namespace {

std::recursive_mutex& mutex() {
  static std::recursive_mutex instance;
  return instance;
}

}  // namespace

Lock::Lock() : lock_(mutex()) {
  // No closing at exit: complete files are closed already, and abandoned ones must not be (see ~Writer;
  // HDF5's C++ binding closes all the same when the process ends by exit(), which study_main.cpp avoids after
  // an error).
  static const bool stays_open = [] {
    H5dont_atexit();
    return true;
  }();
  static_cast<void>(stays_open);
  // HDF5 keeps one error stack per thread, each of which prints by default.
  thread_local const bool silenced = [] {
    H5::Exception::dontPrint();
    return true;
  }();
  static_cast<void>(silenced);
}

std::string describe(const H5::Exception& error) {
  std::string text = error.getDetailMsg();
  const auto visit = [](unsigned, const H5E_error2_t* entry, void* out) -> herr_t {
    // The innermost entry that carries the operating system's words is the one a person can act on.
    if (entry->desc != nullptr && std::strstr(entry->desc, "error message") != nullptr)
      *static_cast<std::string*>(out) = entry->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, visit, &text);
  return text.empty() ? error.getFuncName() : text;
}

H5::FileAccPropList access_options() {
  H5::FileAccPropList options;
  options.setFcloseDegree(H5F_CLOSE_STRONG);
  H5Pset_file_locking(options.getId(), false, true);
  return options;
}

std::optional<std::size_t> count_of(const std::vector<std::size_t>& shape) {
  std::size_t count = 1;
  for (const std::size_t extent : shape)
    if (__builtin_mul_overflow(count, extent, &count)) return std::nullopt;
  return count;
}

}  // namespace dsx::data::h5
