// One thread that starts processes, polls them and draws; no process is ever waited for while another one
// could be started.
#include "study/sweep/run_sweep.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <fstream>
#include <set>
#include <thread>

#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/text_table.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/sweep/child.hpp"
#include "study/sweep/folder_lock.hpp"
#include "study/sweep/plan_sweep.hpp"
#include "study/sweep/sweep_file.hpp"

namespace dsx::sweep {
namespace {

namespace fs = std::filesystem;
constexpr auto kTick = std::chrono::milliseconds(50);
constexpr double kLookEverySeconds = 1;    // at the running cells' epochs
constexpr double kPlainEverySeconds = 60;  // a line of progress where there is no terminal
// A cell whose process outlives a killed sweep ends at its next batch; longer is someone else's.
constexpr double kBusyPatienceSeconds = 30;

// What the cell's process said last on stderr, without the program's name.
std::string last_words(const fs::path& log) {
  std::ifstream in(log);
  std::string words;
  for (std::string line; std::getline(in, line);) {
    for (const char* start : {"study: error: ", "study: "})
      if (line.starts_with(start) && !line.starts_with("study: warning")) {
        words = line.substr(std::strlen(start));
        break;
      }
  }
  return words;
}

std::string reason_of(const ProcessEnd& end, const CellState& state, const fs::path& log) {
  if (end.signal == SIGKILL) return "killed by signal 9; was the memory full?";
  if (end.signal != 0) return fmt::format("crashed by signal {} ({})", end.signal, strsignal(end.signal));
  if (state.status == CellStatus::failed && !state.message.empty()) return state.message;
  const std::string words = last_words(log);
  return words.empty() ? fmt::format("ended with exit code {}", end.code) : words;
}

struct RunningCell {
  std::size_t index = 0;
  pid_t pid = -1;
  Stopwatch watch;
  std::int64_t trained_before_ns = 0;
};

class SweepRun {
 public:
  SweepRun(std::vector<PlannedCell> cells, const SweepData& data, fs::path folder, SweepOptions options)
      : cells_(std::move(cells)),
        data_(data),
        folder_(std::move(folder)),
        options_(options),
        estimator_(make_estimator(cells_, options.threads_per_job)),
        bar_(options.progress, "sweep", 1) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (cells_[i].state.status == CellStatus::finished) ++finished_;
      if (is_to_run(cells_[i], options_.retry_failed))
        queue_.push_back(i);
      else if (cells_[i].state.status == CellStatus::failed)
        report_failure(
            cells_[i], cells_[i].state.message + "; --retry-failed tries it again",
            static_cast<int>(cells_[i].state.diverged ? cli::ExitCode::diverged : cli::ExitCode::internal));
    }
    total_s_ = left_s();
    after_s_ = options_.after(estimator_);
  }
  ~SweepRun() { stop_all(); }
  SweepRun(const SweepRun&) = delete;
  SweepRun& operator=(const SweepRun&) = delete;

  double left_s() const;
  double after_s() const { return after_s_; }
  int run();

 private:
  fs::path log_of(const PlannedCell& cell) const { return folder_ / "logs" / (name_of(cell.spec) + ".log"); }
  void start_some();
  bool start(std::size_t index);
  void poll();
  void end(const RunningCell& running, const ProcessEnd& how);
  void report_finished(const PlannedCell& cell);
  void report_failure(const PlannedCell& cell, const std::string& reason, int code);
  void show();
  void stop_all();

  std::vector<PlannedCell> cells_;
  const SweepData& data_;
  fs::path folder_;
  SweepOptions options_;
  Estimator estimator_;
  cli::ProgressBar bar_;
  std::deque<std::size_t> queue_;
  std::vector<RunningCell> running_;
  std::map<std::size_t, Stopwatch> busy_since_;
  std::set<std::size_t> collided_;
  std::size_t finished_ = 0, failed_ = 0;
  int exit_code_ = 0;
  double total_s_ = 0, after_s_ = 0;  // after_s_: of what follows the cells, by what they have shown
  Stopwatch looked_;
};

std::vector<std::string> words_of(const PlannedCell& cell, int threads) {
  settings::Settings settings = cell.settings;
  settings.threads = threads;
  settings.progress = "none";
  std::vector<std::string> words = {"train"};
  if (cell.state.status == CellStatus::to_do) {
    for (std::string& flag : flags_of(settings)) words.push_back(std::move(flag));
    return words;
  }
  // What is fixed is in the cell's config.yaml; what may have changed since comes along.
  words.push_back("--resume=" + cell.folder.string());
  for (const char* key :
       {"data", "data_cache_mib", "threads", "progress", "cache_dir", "track", "experiment"}) {
    const std::string value = settings::value_text(settings, *settings::find_field(key));
    if (!value.empty()) words.push_back(settings::flag_of(*settings::find_field(key)) + "=" + value);
  }
  return words;
}

double SweepRun::left_s() const {
  double sum = 0, longest = 0;
  const auto add = [&](double seconds) {
    sum += seconds;
    longest = std::max(longest, seconds);
  };
  for (const std::size_t index : queue_) add(seconds_left(cells_[index], estimator_, data_.train_images));
  for (const RunningCell& running : running_) {
    // By its finished epochs, and at most one more by the clock.
    const PlannedCell& cell = cells_[running.index];
    const double images = images_per_epoch(cell.settings, data_.train_images);
    const double epoch_s =
        estimator_.seconds(cell.spec.variant, images, 1) - estimator_.seconds(cell.spec.variant, images, 0);
    const double by_epochs = seconds_left(cell, estimator_, data_.train_images);
    const double spent =
        in_seconds(running.watch.elapsed_ns() - (cell.state.training_ns - running.trained_before_ns));
    add(std::max(0.0, by_epochs - std::clamp(spent, 0.0, epoch_s)));
  }
  return std::max(longest, sum / options_.jobs);
}

bool SweepRun::start(std::size_t index) {
  PlannedCell& cell = cells_[index];
  remove_if_unborn(cell.folder);
  if (is_being_written(cell.folder)) {
    const auto [since, first] = busy_since_.try_emplace(index);
    if (since->second.elapsed_s() < kBusyPatienceSeconds) return false;
    std::erase(queue_, index);
    report_failure(cell, "another process is writing this cell; run the sweep again when it has ended",
                   static_cast<int>(cli::ExitCode::output));
    return true;
  }
  std::erase(queue_, index);
  cell.state = look_at_cell(cell.folder, cell.settings);
  if (cell.state.status == CellStatus::finished) {  // by another process, meanwhile
    ++finished_;
    report_finished(cell);
    return true;
  }
  try {
    const pid_t pid = start_child(words_of(cell, options_.threads_per_job), log_of(cell));
    running_.push_back({index, pid, Stopwatch(), cell.state.training_ns});
  } catch (const UnsupportedError&) {  // a limit of processes: fewer cells at once are fewer processes
    if (running_.empty()) throw;
    queue_.push_front(index);
    return false;
  }
  return true;
}

void SweepRun::start_some() {
  const std::deque<std::size_t> waiting = queue_;
  for (const std::size_t index : waiting) {
    if (running_.size() >= static_cast<std::size_t>(options_.jobs)) return;
    start(index);
  }
}

void SweepRun::report_finished(const PlannedCell& cell) {
  bar_.finish();
  fmt::print("[{}/{}] {}: val AUC {}, test AUC {}; {} in {}", finished_ + failed_, cells_.size(),
             name_of(cell.spec), cli::fixed(cell.state.val_auc, 4), cli::fixed(cell.state.test_auc, 4),
             counted(cell.state.epochs_done, "epoch"), cli::duration(in_seconds(cell.state.training_ns)));
  if (const double left = left_s() + after_s(); left > 0) fmt::print("; about {} left", cli::duration(left));
  fmt::print("\n");
  if (!cell.state.not_learnt.empty()) fmt::print("  {} {}\n", name_of(cell.spec), cell.state.not_learnt);
  std::fflush(stdout);
}

void SweepRun::report_failure(const PlannedCell& cell, const std::string& reason, int code) {
  ++failed_;
  if (exit_code_ == 0) exit_code_ = code == 0 ? static_cast<int>(cli::ExitCode::internal) : code;
  bar_.finish();
  std::fflush(stdout);
  fmt::print(stderr, "study: cell {} failed: {} (log: {})\n", name_of(cell.spec), reason,
             log_of(cell).string());
}

void SweepRun::end(const RunningCell& running, const ProcessEnd& how) {
  PlannedCell& cell = cells_[running.index];
  cell.state = look_at_cell(cell.folder, cell.settings);
  if (cell.state.status == CellStatus::finished) {
    ++finished_;
    estimator_.add_measured(cell.spec.variant, in_seconds(cell.state.training_ns),
                            cell.state.images_per_epoch * cell.state.epochs_done);
    estimator_.add_overhead(
        in_seconds(running.watch.elapsed_ns() - (cell.state.training_ns - running.trained_before_ns)));
    after_s_ = options_.after(estimator_);
    report_finished(cell);
  } else if (how.code == static_cast<int>(cli::ExitCode::output) &&
             cell.state.status == CellStatus::partial && collided_.insert(running.index).second) {
    // A cell of a sweep that was killed a moment ago made the folder first; it has ended by now, or soon
    // will.
    queue_.push_front(running.index);
  } else if (how.code == static_cast<int>(cli::ExitCode::interrupted)) {
    report_failure(cell, "stopped from outside; run the sweep again to resume it", how.code);
  } else {
    report_failure(cell, reason_of(how, cell.state, log_of(cell)), how.code);
  }
}

void SweepRun::poll() {
  for (std::size_t i = 0; i < running_.size();) {
    const std::optional<ProcessEnd> how = poll_process(running_[i].pid);
    if (!how) {
      ++i;
      continue;
    }
    const RunningCell ended = running_[i];
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    end(ended, *how);
  }
}

void SweepRun::show() {
  if (looked_.elapsed_s() >= kLookEverySeconds) {
    looked_ = Stopwatch();
    for (const RunningCell& running : running_)
      cells_[running.index].state =
          look_at_cell(cells_[running.index].folder, cells_[running.index].settings);
  }
  if (running_.empty()) return;
  const double after = after_s(), left = left_s() + after, whole = std::max(total_s_ + after, left);
  const PlannedCell& cell = cells_[running_.front().index];
  std::string text = fmt::format("{:>3.0f}%  {} of {}", 100 * (1 - left / std::max(whole, 1e-9)),
                                 finished_ + failed_, counted(cells_.size(), "cell"));
  text += fmt::format("  {} epoch {}/{}", name_of(cell.spec),
                      std::min(cell.state.epochs_done + 1, cell.settings.epochs), cell.settings.epochs);
  if (running_.size() > 1) text += fmt::format(" and {} more", running_.size() - 1);
  bar_.show(1 - left / std::max(whole, 1e-9), text + "  about " + cli::duration(left) + " left",
            kPlainEverySeconds);
}

void SweepRun::stop_all() {
  for (const RunningCell& running : running_) stop_child(running.pid);
  for (const RunningCell& running : running_) wait_process(running.pid);
  running_.clear();
}

int SweepRun::run() {
  while (!queue_.empty() || !running_.empty()) {
    start_some();
    std::this_thread::sleep_for(kTick);
    if (cli::interrupt_requested()) {
      bar_.finish();
      stop_all();
      throw cli::Interrupted{
          fmt::format("stopped; {} of {} are finished, the others keep their last epoch; "
                      "resume with: study compare --out {}",
                      finished_, counted(cells_.size(), "cell"), folder_.string())};
    }
    poll();
    show();
  }
  bar_.finish();
  return exit_code_;
}

}  // namespace

std::string in_all_text(double cells_s, double after_s) {
  if (!(after_s > 0)) return fmt::format("about {} in all", cli::duration(cells_s));
  return fmt::format("about {} in all: {} of training, {} for what follows", cli::duration(cells_s + after_s),
                     cli::duration(cells_s), cli::duration(after_s));
}

int run_sweep(const Sweep& sweep, std::vector<PlannedCell> cells, const SweepData& data,
              const fs::path& folder, const SweepOptions& options) {
  const FolderLock lock(folder);
  write_sweep(folder, sweep);
  SweepRun run(std::move(cells), data, folder, options);
  if (const double left = run.left_s(); left > 0) fmt::print("{}\n\n", in_all_text(left, run.after_s()));
  std::fflush(stdout);
  return run.run();
}

}  // namespace dsx::sweep
