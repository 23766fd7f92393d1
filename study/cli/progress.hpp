// Shows how far a long loop has come, on stderr: a bar that redraws itself on a terminal, a plain line every
// ten seconds elsewhere, so that a log file stays readable. Results go to stdout and are not its business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kernels/base/clock.hpp"

namespace dsx::cli {

enum class ProgressMode { bar, plain, none };
// "auto" looks whether stderr is a terminal. The names are those of --progress.
ProgressMode progress_mode(const std::string& name);

class ProgressBar {
 public:
  // `label` stands in front ("epoch 2/5"), `images` is the whole work. Time left counts `later_images` too,
  // the work of the loops that follow at the same rate.
  ProgressBar(ProgressMode mode, std::string label, std::size_t images, std::size_t later_images = 0);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `done` images so far; `note` is what changes ("loss 0.312").
  void update(std::size_t done, const std::string& note);
  // A bar at `fraction` (0 to 1) with `text` behind it; for work that is not counted in images. On no
  // terminal a line every `plain_seconds`.
  void show(double fraction, const std::string& text, double plain_seconds);
  void finish();  // clears the bar
  std::int64_t elapsed_ns() const { return watch_.elapsed_ns(); }

 private:
  bool is_due(double plain_seconds);
  void draw(double fraction, const std::string& text);
  std::string line(std::size_t done, const std::string& note) const;

  ProgressMode mode_;
  std::string label_;
  std::size_t images_, later_images_;
  Stopwatch watch_;
  std::int64_t shown_ns_ = 0;  // on that watch
  bool bar_visible_ = false;
};

}  // namespace dsx::cli
