#include "study/analysis/latency_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "data/io/files.hpp"
#include "data/io/temporary.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/progress.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/sweep/child.hpp"

namespace dsx::analysis {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr const char* kLatencyFormat = "downscalexr-latency";
constexpr const char* kPolicies[] = {"active", "passive"};

// What is timed: `measured` in the file.
Json network_of(const LatencyRequest& request) {
  Json json = {{"variants", request.variants}};
  for (const std::string& key : latency_keys())
    json[key] = settings::value_text(request.settings, *settings::find_field(key));
  return json;
}

Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
double number_or_nan(const Json& json) { return json.is_null() ? std::nan("") : json.get<double>(); }

Json json_of(const LatencySet& set) {
  return {{"variant", set.variant},
          {"wait", set.wait},
          {"load", set.load},
          {"batch", set.batch},
          {"repeat", set.repeat},
          {"disturbed", set.disturbed},
          {"neighbours", finite_or_null(set.neighbours)},
          {"zeros", set.zeros},
          {"ms", set.ms}};
}

LatencySet set_of(const Json& json) {
  LatencySet set;
  set.variant = json.at("variant");
  set.wait = json.at("wait");
  set.load = json.at("load");
  set.batch = json.at("batch");
  set.repeat = json.at("repeat");
  set.disturbed = json.at("disturbed");
  set.neighbours = number_or_nan(json.at("neighbours"));
  if (json.contains("zeros")) set.zeros = json["zeros"];  // not in files of earlier versions
  set.ms = json.at("ms").get<std::vector<double>>();
  return set;
}

GridTime grid_time_of(const Json& json) {
  GridTime time;
  time.variant = json.at("variant");
  time.engine = json.at("engine");
  time.size = json.at("size");
  time.batch = json.at("batch");
  time.mflop = json.at("mflop");
  time.median_ms = json.at("median_ms");
  time.low_ms = json.at("low_ms");
  time.high_ms = json.at("high_ms");
  time.samples = json.at("samples");
  return time;
}

void read_grid(const Json& json, LatencyRun& run) {
  if (!json.contains("grid")) {
    run.grid_not_available =
        "latency.json is of an earlier version, or it failed then; --latency-again measures it";
    return;
  }
  run.grid_neighbours = number_or_nan(json.at("grid_neighbours"));
  for (const Json& time : json.at("grid")) run.grid.push_back(grid_time_of(time));
}

// False when there is no file, or it is of other networks, or damaged: then it is measured again.
bool read_latency_cache(const fs::path& path, const LatencyRequest& request, LatencyRun& run) {
  std::error_code ignored;
  if (request.again || !fs::exists(path, ignored)) return false;
  const Json json = Json::parse(data::read_file(path), nullptr, false);
  try {
    if (!json.is_object() || json.at("format") != kLatencyFormat || json.at("version") != 1 ||
        json.at("measured") != network_of(request))
      return false;
    run.threads = json.at("threads");
    for (const auto& [name, value] : json.at("environment").items())
      run.environment.emplace_back(name, value);
    for (const Json& set : json.at("sets")) run.sets.push_back(set_of(set));
    read_grid(json, run);
    return true;
  } catch (const Json::exception&) {
    run = {};
    return false;
  }
}

void write_latency_cache(const fs::path& path, const LatencyRequest& request, const LatencyRun& run) {
  Json environment = Json::object(), sets = Json::array();
  for (const auto& [name, value] : run.environment) environment[name] = value;
  for (const LatencySet& set : run.sets) sets.push_back(json_of(set));
  Json json = {{"format", kLatencyFormat},
               {"version", 1},
               {"measured", network_of(request)},
               {"threads", run.threads},
               {"seconds", request.seconds},
               {"environment", environment},
               {"sets", sets}};
  if (!run.grid.empty()) json.update(grid_json(run.grid, run.grid_neighbours));
  data::write_file_atomically(path, json_text(json) + "\n");
}

std::vector<std::string> words_for(const LatencyRequest& request, const fs::path& out) {
  std::vector<std::string> words = {"latency-probe",
                                    fmt::format("--variants={}", fmt::join(request.variants, ",")),
                                    fmt::format("--seconds={}", request.seconds), "--samples=" + out.string(),
                                    fmt::format("--threads={}", request.threads)};
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

// As this process sees it, without its own way of waiting: each set of samples names that of its process.
bench::Fields environment_of_probes() {
  bench::Fields fields = bench::environment_fields(bench::read_environment());
  std::erase_if(fields, [](const auto& field) {
    return field.first == "env_GOMP_SPINCOUNT" || field.first == "env_OMP_WAIT_POLICY";
  });
  for (auto& [name, value] : fields)
    if (name == "openmp_waiting") value = fmt::format("{}", fmt::join(kPolicies, " and "));
  return fields;
}

double expected_s(const LatencyRequest& request) {
  // alone three times as long as beside each load; the untimed passes take as long again.
  const double sets = 5.0 * kLatencyRepeats * static_cast<double>(std::size(kLatencyBatchSizes));
  return 2 * sets * request.seconds;
}

// One process of measuring, and its share of the bar.
struct ProbePart {
  const char* policy;
  std::string words;
  bool grid;
  double expected_s, begin, end;
};

ProcessEnd wait_for(pid_t pid, const LatencyRequest& request, const ProbePart& part) {
  cli::ProgressBar bar(cli::progress_mode(request.progress), "latency", 0);
  for (;;) {
    if (const auto end = poll_process(pid)) return *end;
    if (cli::interrupt_requested()) {
      sweep::stop_child(pid);
      wait_process(pid);
      throw cli::Interrupted{"stopped while measuring latency; the cells are kept"};
    }
    const double share = std::min(0.99, in_seconds(bar.elapsed_ns()) / part.expected_s);
    bar.show(part.begin + share * (part.end - part.begin), part.words, 10);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// What a probe of its own process measured.
Json samples_of(const fs::path& folder, const LatencyRequest& request, const ProbePart& part) {
  const data::Temporary temporary(folder / "latency.json");  // for the samples; removed behind us
  const fs::path& out = temporary.path();
  const fs::path log = folder / "logs" / "latency.log";
  std::error_code ignored;
  fs::create_directories(log.parent_path(), ignored);
  ProcessEnd end;
  {
    const WaitPolicy environment(part.policy);
    std::vector<std::string> words = words_for(request, out);
    if (part.grid) words.emplace_back("--grid");
    end = wait_for(sweep::start_child(words, log), request, part);
  }
  if (!end.ok())
    throw DataError(fmt::format("latency was not measured: the process ended with {} {}; see {}",
                                end.signal != 0 ? "signal" : "code", end.signal != 0 ? end.signal : end.code,
                                log.string()));
  Json json = Json::parse(data::read_file(out), nullptr, false);
  if (!json.is_object()) throw DataError("latency was not measured: no samples came back");
  return json;
}

constexpr double kGridShare = 0.1;  // of the bar

void measure_policy(const fs::path& folder, const LatencyRequest& request, std::size_t policy,
                    LatencyRun& run) {
  const double each = (1 - kGridShare) / static_cast<double>(std::size(kPolicies));
  const ProbePart part{kPolicies[policy],
                       fmt::format("OpenMP waiting {}", kPolicies[policy]),
                       false,
                       expected_s(request),
                       each * static_cast<double>(policy),
                       each * static_cast<double>(policy + 1)};
  const Json samples = samples_of(folder, request, part);
  for (const Json& set : samples.at("sets")) {
    run.sets.push_back(set_of(set));
    run.sets.back().wait = part.policy;
  }
}

// Without it the other times still stand.
void measure_grid(const fs::path& folder, const LatencyRequest& request, LatencyRun& run) {
  constexpr double kExpectedS = 30;
  try {
    read_grid(samples_of(folder, request,
                         {"active", "every operator, size and engine", true, kExpectedS, 1 - kGridShare, 1}),
              run);
  } catch (const DataError& error) {
    run.grid_not_available = error.what();
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

Json grid_json(const std::vector<GridTime>& grid, double neighbours) {
  Json times = Json::array();
  for (const GridTime& t : grid)
    times.push_back({{"variant", t.variant},
                     {"engine", t.engine},
                     {"size", t.size},
                     {"batch", t.batch},
                     {"mflop", t.mflop},
                     {"median_ms", t.median_ms},
                     {"low_ms", t.low_ms},
                     {"high_ms", t.high_ms},
                     {"samples", t.samples}});
  return {{"grid_neighbours", finite_or_null(neighbours)}, {"grid", times}};
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
  const fs::path cache = folder / "latency.json";
  if (read_latency_cache(cache, request, run)) return run;
  run.threads = request.threads;
  run.environment = environment_of_probes();
  try {
    for (std::size_t policy = 0; policy < std::size(kPolicies); ++policy)
      measure_policy(folder, request, policy, run);
    measure_grid(folder, request, run);
    write_latency_cache(cache, request, run);
  } catch (const DataError& error) {
    run.sets.clear();
    run.not_available = error.what();
  }
  return run;
}

}  // namespace dsx::analysis
