// Redraws at most ten times a second: a terminal costs more than a batch of a small network.
#include "study/cli/progress.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "study/cli/text_table.hpp"

namespace dsx::cli {
namespace {

constexpr double kBarSeconds = 0.1, kPlainSeconds = 10;

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
    : mode_(mode), label_(std::move(label)), images_(images), later_images_(later_images) {}

ProgressBar::~ProgressBar() { finish(); }

std::string ProgressBar::line(std::size_t done, const std::string& note) const {
  const double rate = static_cast<double>(done) / std::max(watch_.elapsed_s(), 1e-9);
  const std::size_t left = images_ - std::min(done, images_) + later_images_;
  std::string text = fmt::format("{:>3.0f}%", 100.0 * static_cast<double>(done) /
                                                  static_cast<double>(std::max<std::size_t>(images_, 1)));
  if (!note.empty()) text += "  " + note;
  text += fmt::format("  {:.0f} images/s", rate);
  if (done > 0) text += "  " + duration(static_cast<double>(left) / rate) + " left";
  return text;
}

bool ProgressBar::is_due(double plain_seconds) {
  if (mode_ == ProgressMode::none) return false;
  const auto now_ns = elapsed_ns();
  if (in_seconds(now_ns - shown_ns_) < (mode_ == ProgressMode::bar ? kBarSeconds : plain_seconds))
    return false;
  shown_ns_ = now_ns;
  return true;
}

void ProgressBar::update(std::size_t done, const std::string& note) {
  if (!is_due(kPlainSeconds)) return;
  draw(static_cast<double>(done) / static_cast<double>(std::max<std::size_t>(images_, 1)), line(done, note));
}

void ProgressBar::show(double fraction, const std::string& text, double plain_seconds) {
  if (is_due(plain_seconds)) draw(fraction, text);
}

void ProgressBar::draw(double fraction, const std::string& text) {
  if (mode_ == ProgressMode::plain) {
    fmt::print(stderr, "{}  {}\n", label_, text);
    return;
  }
  const std::size_t taken = label_.size() + text.size() + 6, width = terminal_width();
  const std::size_t cells = taken + 10 < width ? std::min<std::size_t>(width - taken, 30) : 0;
  const auto full = static_cast<std::size_t>(static_cast<double>(cells) * std::clamp(fraction, 0.0, 1.0));
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

}  // namespace dsx::cli
