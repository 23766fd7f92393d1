// oneDNN has no sink for these lines: it calls printf. C's stdout is therefore replaced by a stream whose
// writes pass here (fopencookie(3)); std::cout keeps the stream that it was made with, so it is not touched.
#include "kernels/onednn/verbose.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace dsx::kernels {

namespace {

constexpr std::array<std::string_view, 2> kMarks{"onednn_verbose,", "dnnl_verbose,"};

bool may_become_mark(std::string_view start) {
  for (const std::string_view mark : kMarks)
    if (mark.substr(0, start.size()) == start) return true;
  return false;
}

bool is_mark(std::string_view start) {
  for (const std::string_view mark : kMarks)
    if (start == mark) return true;
  return false;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

ssize_t write_parted(void* cookie, const char* bytes, std::size_t size) {
  const auto parts = static_cast<VerboseFilter*>(cookie)->take({bytes, size});
  write_all(STDERR_FILENO, parts.verbose);
  return write_all(STDOUT_FILENO, parts.results) ? static_cast<ssize_t>(size)
                                                 : 0;  // 0: an error (fopencookie)
}

}  // namespace

VerboseFilter::Parts VerboseFilter::take(std::string_view bytes) {
  Parts parts;
  for (const char c : bytes) {
    if (line_ == Line::begins) {
      start_ += c;
      if (c != '\n' && may_become_mark(start_) && !is_mark(start_)) continue;
      line_ = is_mark(start_) ? Line::verbose : Line::other;
      (line_ == Line::verbose ? parts.verbose : parts.results) += start_;
      start_.clear();
    } else {
      (line_ == Line::verbose ? parts.verbose : parts.results) += c;
    }
    if (c == '\n') line_ = Line::begins;
  }
  return parts;
}

void send_verbose_to_stderr() {
  static VerboseFilter filter;
  cookie_io_functions_t functions{};
  functions.write = write_parted;
  std::FILE* parted = ::fopencookie(&filter, "w", functions);
  if (parted == nullptr) return;
  std::setvbuf(parted, nullptr, ::isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF, BUFSIZ);
  std::fflush(stdout);
  stdout = parted;
}

}  // namespace dsx::kernels
