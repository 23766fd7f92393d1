// oneDNN's verbose lines beside results that programs read: JSON and CSV on stdout stay what they are.
#pragma once

#include <string>
#include <string_view>

namespace dsx::kernels {

// From now on, what is printed through C's stdout reaches the file descriptor 1, except for oneDNN's verbose
// lines, which reach 2. Before anything is printed.
void send_verbose_to_stderr();

// Parts a stream of bytes, which comes in any pieces, into oneDNN's verbose lines and all else.
class VerboseFilter {
 public:
  struct Parts {
    std::string results, verbose;
  };
  Parts take(std::string_view bytes);

 private:
  enum class Line { begins, verbose, other };
  Line line_ = Line::begins;
  std::string start_;  // of a line of which it is not known yet
};

}  // namespace dsx::kernels
