#include "study/analysis/latency_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "bench/measure/processes.hpp"
#include "bench/measure/topology.hpp"
#include "data/io/files.hpp"
#include "data/io/temporary.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "study/analysis/latency_file.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/progress.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/sweep/child.hpp"

namespace dsx::analysis {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
// The places of process_order()'s kinds: kLatencyWaits, then the grid.
constexpr std::size_t kGridKind = std::size(kLatencyWaits);

std::vector<std::string> words_for(const LatencyRequest& request, const bench::ProcessTurn& turn,
                                   const fs::path& out) {
  std::vector<std::string> words = {"latency-probe",
                                    fmt::format("--variants={}", fmt::join(request.variants, ",")),
                                    fmt::format("--seconds={}", request.seconds),
                                    fmt::format("--process={}", turn.number + 1),
                                    "--samples=" + out.string(),
                                    fmt::format("--threads={}", request.threads)};
  if (turn.kind == kGridKind) words.emplace_back("--grid");
  for (const std::string& key : latency_keys()) {
    const settings::Field& field = *settings::find_field(key);
    words.push_back(settings::flag_of(field) + "=" + settings::value_text(request.settings, field));
  }
  return words;
}

// A variable of the environment for as long as this lives; without a value it is taken out.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_ ? before_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) { value == nullptr ? ::unsetenv(name_) : ::setenv(name_, value, 1); }
  const char* name_;
  std::optional<std::string> before_;
};

// For the next child: nothing but OMP_WAIT_POLICY decides; libgomp would follow GOMP_SPINCOUNT first.
struct WaitPolicy {
  explicit WaitPolicy(const char* policy) : policy_(kPolicyName, policy), spins_("GOMP_SPINCOUNT", nullptr) {}

 private:
  static constexpr const char* kPolicyName = "OMP_WAIT_POLICY";
  Variable policy_, spins_;
};

// As this process sees it, without its own way of waiting: each of the timed processes has one.
bench::Fields environment_of_probes() {
  bench::Fields fields = bench::environment_fields(bench::read_environment());
  std::erase_if(fields, [](const auto& field) {
    return field.first == "env_GOMP_SPINCOUNT" || field.first == "env_OMP_WAIT_POLICY";
  });
  for (auto& [name, value] : fields)
    if (name == "openmp_waiting") value = fmt::format("{}", fmt::join(kLatencyWaits, " and "));
  return fields;
}

// Building, checking and untimed passes take about as long as the timed ones, and every process begins anew.
double expected_s(const LatencyRequest& request, std::size_t kind) {
  constexpr double start_s = 1, grid_s = 10;
  const double waits = static_cast<double>(std::size(kLatencyWaits));
  return kind == kGridKind ? grid_s
                           : start_s + 2 * timed_latency_seconds(request.processes, request.seconds) / waits /
                                           request.processes;
}

// The bar over all turns: what is done, and what the one under way adds.
class TurnsBar {
 public:
  explicit TurnsBar(const LatencyRequest& request)
      : request_(request), bar_(cli::progress_mode(request.progress), "latency", 0) {
    for (std::size_t kind = 0; kind <= kGridKind; ++kind)
      total_s_ += request.processes * expected_s(request, kind);
  }

  ProcessEnd wait_for(pid_t pid, const bench::ProcessTurn& turn) {
    const double mine_s = expected_s(request_, turn.kind);
    const Stopwatch watch;
    for (;;) {
      if (const auto end = poll_process(pid)) {
        done_s_ += mine_s;
        return *end;
      }
      if (cli::interrupt_requested()) {
        sweep::stop_child(pid);
        wait_process(pid);
        throw cli::Interrupted{"stopped while measuring latency; the cells are kept"};
      }
      const double part_s = std::min(watch.elapsed_s(), 0.99 * mine_s);
      bar_.show((done_s_ + part_s) / total_s_,
                fmt::format("process {} of {}, {}", turn.number + 1, request_.processes, words_of(turn.kind)),
                10);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

 private:
  static std::string words_of(std::size_t kind) {
    return kind == kGridKind ? "every operator, size and engine"
                             : fmt::format("OpenMP waiting {}", kLatencyWaits[kind]);
  }
  const LatencyRequest& request_;
  cli::ProgressBar bar_;
  double total_s_ = 0, done_s_ = 0;
};

// What one process measured.
LatencyProcess run_turn(const fs::path& folder, const LatencyRequest& request, const bench::ProcessTurn& turn,
                        TurnsBar& bar) {
  const data::Temporary temporary(folder / "latency.json");  // for the samples; removed behind us
  const fs::path& out = temporary.path();
  const fs::path log = folder / "logs" / "latency.log";
  std::error_code ignored;
  fs::create_directories(log.parent_path(), ignored);
  const char* wait = turn.kind == kGridKind ? kLatencyWaits[0] : kLatencyWaits[turn.kind];
  ProcessEnd end;
  {
    const WaitPolicy environment(wait);
    end = bar.wait_for(sweep::start_child(words_for(request, turn, out), log), turn);
  }
  if (!end.ok())
    throw DataError(fmt::format("latency was not measured: the process ended with {} {}; see {}",
                                end.signal != 0 ? "signal" : "code", end.signal != 0 ? end.signal : end.code,
                                log.string()));
  try {
    LatencyProcess process = latency_process_of(Json::parse(data::read_file(out)));
    process.wait = wait;
    return process;
  } catch (const Json::exception&) {
    throw DataError("latency was not measured: no samples came back; see " + log.string());
  }
}

void measure(const fs::path& folder, const LatencyRequest& request, LatencyRun& run) {
  TurnsBar bar(request);
  const auto start_ns = now_ns();
  for (const bench::ProcessTurn& turn : bench::process_order(kGridKind + 1, request.processes, 1)) {
    const bool is_grid = turn.kind == kGridKind;
    if (is_grid && !run.grid_not_available.empty()) continue;
    try {
      run.processes.push_back(run_turn(folder, request, turn, bar));
      run.processes.back().start_s -= in_seconds(start_ns);
    } catch (const DataError& error) {
      if (!is_grid) throw;
      run.grid_not_available = error.what();  // without it the other times still stand
    }
  }
}

}  // namespace

const std::vector<std::string>& latency_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> of_network = {"size", "channels"};
    for (const settings::Field& field : settings::setting_fields())
      if (field.group == settings::SettingGroup::network && field.key != "variant")
        of_network.push_back(field.key);
    return of_network;
  }();
  return keys;
}

double timed_latency_seconds(int processes, double seconds) {
  const double of_batch = kLatencyAloneShare + static_cast<double>(std::size(kLatencyLoads)) - 1;
  return processes * static_cast<double>(std::size(kLatencyWaits) * std::size(kLatencyBatchSizes)) *
         of_batch * seconds;
}

std::vector<int> latency_grid_sizes(int size) {
  constexpr int kLeast = 32, kSteps = 4;
  std::vector<int> sizes;
  for (int step = 1; step < kSteps; ++step)
    if (const int side = size * step / kSteps; side >= kLeast) sizes.push_back(side);
  sizes.push_back(size);
  return sizes;
}

LatencyRun run_latency(const fs::path& folder, const LatencyRequest& request) {
  LatencyRun run;
  const fs::path file = folder / "latency.json";
  if (!request.again && read_latency_file(file, request, run)) return run;
  run.threads = request.threads;
  run.environment = environment_of_probes();
  run.nominal_l3_bytes = bench::nominal_l3_bytes(bench::read_topology());
  try {
    measure(folder, request, run);
    write_latency_file(file, request, run);
  } catch (const DataError& error) {
    run.processes.clear();
    run.not_available = error.what();
  }
  return run;
}

}  // namespace dsx::analysis
