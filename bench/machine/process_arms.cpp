#include "bench/machine/process_arms.hpp"

#include <algorithm>
#include <boost/math/statistics/bivariate_statistics.hpp>
#include <dnnl.hpp>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>

#include "bench/measure/measure.hpp"
#include "bench/measure/topology.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/ranks.hpp"
#include "kernels/onednn/context.hpp"

namespace dsx::bench {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ArmFacts, name, label, flop, executed_flop, min_bytes, working_set_bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ArmInProcess, facts, error, wrong_result, samples_ns, disturbed, left_out)

namespace {

// An arm that was built, or the reason why not. Its address stays.
struct BuiltArm {
  ArmInProcess told;
  Work work;
  std::vector<dnnl::memory> flushed;
};

std::unique_ptr<BuiltArm> build_arm(const ArmEntry& arm) {
  auto built = std::make_unique<BuiltArm>();
  built->told.facts.name = arm.name;
  try {
    built->work = arm.build();
    built->flushed = flushed_by(arm.cache, built->work.buffers);
    auto& facts = built->told.facts;
    facts.label = built->work.label;
    facts.flop = built->work.cost.flop;
    facts.executed_flop = built->work.cost.executed_flop();
    facts.min_bytes = built->work.cost.min_bytes;
    facts.working_set_bytes = built->work.working_set_bytes();
  } catch (const WrongResult& error) {
    built->told.error = error.what();
    built->told.wrong_result = true;
  } catch (const UnsupportedError& error) {
    built->told.error = error.what();
  } catch (const ConfigError& error) {
    built->told.error = error.what();
  } catch (const dnnl::error& error) {
    built->told.error = std::string("oneDNN offers nothing for this on this CPU: ") + error.what();
  }
  return built;
}

Arm timed_arm(BuiltArm& built) {
  return {built.told.facts.name, built.work.run, [&built] {
            if (built.work.prepare) built.work.prepare();
            flush_from_caches(built.flushed);
          }};
}

// Of samples first..last (by round), those between two readings of which one is unlike the reference.
double unlike_share(const ProcessReport& report, const MemoryReading& reference, std::size_t samples) {
  double marked = 0;
  for (std::size_t i = 1; i < report.memory.size(); ++i) {
    const auto from = std::min<std::size_t>(samples, static_cast<std::size_t>(report.rounds[i - 1]));
    const auto to = std::min<std::size_t>(samples, static_cast<std::size_t>(report.rounds[i]));
    if (unlike(report.memory[i - 1], reference) || unlike(report.memory[i], reference))
      marked += static_cast<double>(to - from);
  }
  return samples == 0 ? 0 : marked / static_cast<double>(samples);
}

double spearman_of(const std::vector<double>& x, const std::vector<double>& y) {
  constexpr std::size_t fewest = 5;
  if (x.size() < fewest) return std::numeric_limits<double>::quiet_NaN();
  return boost::math::statistics::correlation_coefficient(midranks(x), midranks(y));  // NaN without spread
}

void finish_arm(ArmOverProcesses& arm, const std::vector<ProcessSamples>& samples) {
  arm.interval = process_interval(samples);
  std::vector<double> medians, slowdowns;
  for (const auto& process : arm.processes) {
    medians.push_back(process.median_ns);
    slowdowns.push_back(process.slowdown);
  }
  arm.memory_correlation = spearman_of(medians, slowdowns);
}

}  // namespace

std::vector<std::vector<ArmEntry>> groups_of(const std::vector<ArmEntry>& arms) {
  static const std::regex batch("/(batch|threads):[0-9]+");
  std::vector<std::vector<ArmEntry>> groups;
  std::map<std::string, std::size_t> places;
  for (const auto& arm : arms) {
    std::string key = to_string(arm.cache) + std::to_string(arm.threads);
    for (auto it = std::sregex_iterator(arm.name.begin(), arm.name.end(), batch);
         it != std::sregex_iterator(); ++it)
      key += it->str();
    const auto [place, fresh] = places.emplace(key, groups.size());
    if (fresh) groups.emplace_back();
    groups[place->second].push_back(arm);
  }
  return groups;
}

ProcessReport run_arms(const std::vector<ArmEntry>& arms, double seconds, std::uint64_t seed) {
  constexpr double between_readings_s = 0.25;
  ProcessReport report;
  report.start_ns = now_ns();
  MemoryProbe probe(read_topology());
  if (!arms.empty()) kernels::set_threads(arms.front().threads);
  std::vector<std::unique_ptr<BuiltArm>> built;
  std::vector<Arm> timed;
  std::vector<BuiltArm*> owners;
  for (const auto& arm : arms) {
    built.push_back(build_arm(arm));
    if (!built.back()->told.error.empty()) continue;
    timed.push_back(timed_arm(*built.back()));
    owners.push_back(built.back().get());
  }
  const auto read_memory = [&](int rounds) {
    report.memory.push_back(probe.read());
    report.rounds.push_back(rounds);
  };
  for (int i = 0; i < 3; ++i) read_memory(0);  // a process of few samples has some readings, too
  MeasureOptions options;
  options.settle_runs = 1;  // behind the other arms, and behind a reading
  options.min_rounds = 5;
  options.min_time_s = seconds * static_cast<double>(timed.size());
  options.max_time_s = 4 * options.min_time_s + 1;
  options.seed = seed;
  options.repeat_disturbed = true;
  double last_s = in_seconds(now_ns());
  int done = 0;
  options.keep_going = [&](int rounds) {
    done = rounds;
    if (in_seconds(now_ns()) - last_s >= between_readings_s) {
      read_memory(rounds);
      last_s = in_seconds(now_ns());
    }
    return true;
  };
  const auto results = measure(timed, options);
  read_memory(done);
  for (std::size_t i = 0; i < results.size(); ++i) {
    owners[i]->told.samples_ns = results[i].samples_ns;
    owners[i]->told.disturbed = results[i].disturbed_samples;
    owners[i]->told.left_out = results[i].left_out_ns.size();
  }
  for (auto& arm : built) report.arms.push_back(std::move(arm->told));
  return report;
}

std::string report_text(const ProcessReport& report) {
  nlohmann::json json{{"start_ns", report.start_ns}, {"rounds", report.rounds}};
  json["arms"] = json["memory"] = nlohmann::json::array();
  for (const auto& arm : report.arms) json["arms"].push_back(arm);
  for (const auto& reading : report.memory) json["memory"].push_back(to_json(reading));
  return json_text(json);
}

ProcessReport report_of(const std::string& text) {
  ProcessReport report;
  try {
    const auto json = nlohmann::json::parse(text);
    report.start_ns = json.at("start_ns");
    report.rounds = json.at("rounds").get<std::vector<int>>();
    for (const auto& arm : json.at("arms")) report.arms.push_back(arm);
    for (const auto& reading : json.at("memory")) report.memory.push_back(memory_reading_of(reading));
  } catch (const nlohmann::json::exception& error) {
    throw DataError(std::string("a process told no samples: ") + error.what());
  }
  return report;
}

ProcessesRun over_processes(const std::vector<ProcessReport>& reports, std::int64_t start_ns) {
  ProcessesRun run;
  for (const auto& report : reports)
    for (MemoryReading reading : report.memory) {
      reading.start_s += in_seconds(report.start_ns - start_ns);
      run.memory.add(reading);
    }
  const MemoryReading reference = run.memory.reference();
  std::map<std::string, std::size_t> places;
  std::vector<std::vector<ProcessSamples>> samples;
  for (const auto& report : reports) {
    MemoryCourse own;
    for (const auto& reading : report.memory) own.add(reading);
    for (const auto& told : report.arms) {
      const auto [place, fresh] = places.emplace(told.facts.name, run.arms.size());
      if (fresh) {
        run.arms.push_back({told.facts, told.error, told.wrong_result, {}, {}, 0});
        samples.emplace_back();
      }
      if (told.samples_ns.empty()) continue;
      const double start_s = in_seconds(report.start_ns - start_ns);
      const MemoryReading memory = own.middle();
      run.arms[place->second].processes.push_back(
          {start_s, median_of(told.samples_ns), told.samples_ns.size(), told.disturbed, told.left_out, memory,
           slowdown(memory, reference), unlike_share(report, reference, told.samples_ns.size())});
      samples[place->second].push_back({start_s, told.samples_ns});
    }
  }
  for (std::size_t i = 0; i < run.arms.size(); ++i) finish_arm(run.arms[i], samples[i]);
  return run;
}

}  // namespace dsx::bench
