// Redraws at most ten times a second: a terminal costs more than a batch of a small network.
#include "study/progress.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "study/text_table.hpp"

namespace dsx {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kBarSeconds = 0.1, kPlainSeconds = 10;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::size_t terminal_width() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

ProgressMode progress_mode(const std::string& name) {
  if (name == "bar") return ProgressMode::bar;
  if (name == "plain") return ProgressMode::plain;
  if (name == "none") return ProgressMode::none;
  return isatty(STDERR_FILENO) == 1 ? ProgressMode::bar : ProgressMode::plain;
}

ProgressBar::ProgressBar(ProgressMode mode, std::string label, std::size_t images, std::size_t later_images)
    : mode_(mode),
      label_(std::move(label)),
      images_(images),
      later_images_(later_images),
      start_(Clock::now()),
      shown_(start_) {}

ProgressBar::~ProgressBar() { finish(); }

double ProgressBar::elapsed_s() const { return seconds_between(start_, Clock::now()); }

std::string ProgressBar::line(std::size_t done, const std::string& note) const {
  const double rate = static_cast<double>(done) / std::max(elapsed_s(), 1e-9);
  const std::size_t left = images_ - std::min(done, images_) + later_images_;
  std::string text = fmt::format("{:>3.0f}%", 100.0 * static_cast<double>(done) /
                                                  static_cast<double>(std::max<std::size_t>(images_, 1)));
  if (!note.empty()) text += "  " + note;
  text += fmt::format("  {:.0f} images/s", rate);
  if (done > 0) text += "  " + duration(static_cast<double>(left) / rate) + " left";
  return text;
}

void ProgressBar::update(std::size_t done, const std::string& note) {
  if (mode_ == ProgressMode::none) return;
  const auto now = Clock::now();
  const bool bar = mode_ == ProgressMode::bar;
  if (seconds_between(shown_, now) < (bar ? kBarSeconds : kPlainSeconds)) return;
  shown_ = now;
  const std::string text = line(done, note);
  if (!bar) {
    fmt::print(stderr, "{}  {}\n", label_, text);
    return;
  }
  const std::size_t taken = label_.size() + text.size() + 6, width = terminal_width();
  const std::size_t cells = taken + 10 < width ? std::min<std::size_t>(width - taken, 30) : 0;
  const std::size_t full = std::min(cells, cells * done / std::max<std::size_t>(images_, 1));
  std::string row = label_ + " ";
  if (cells > 0) row += fmt::format("[{}{}] ", std::string(full, '#'), std::string(cells - full, '.'));
  row += text;
  fmt::print(stderr, "\r\x1b[K{}", row.substr(0, width > 1 ? width - 1 : 1));
  std::fflush(stderr);
  bar_visible_ = true;
}

void ProgressBar::finish() {
  if (!bar_visible_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  bar_visible_ = false;
}

}  // namespace dsx
