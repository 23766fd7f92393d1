#include "bench/arms/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "bench/arms/block.hpp"
#include "bench/measure/environment.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"
#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/team.hpp"

namespace dsx::bench {

namespace {

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

// A list of words from `known`; "all" is all of them.
std::vector<std::string> words_of(const std::string& flag, const std::string& text,
                                  const std::vector<std::string>& known) {
  if (text == "all") return known;
  auto parts = words(text);
  for (const auto& part : parts) {
    if (std::find(known.begin(), known.end(), part) == known.end()) {
      throw ConfigError(
          fmt::format("{}: '{}' is not known: use all, or some of {}", flag, part, fmt::join(known, ", ")));
    }
  }
  if (parts.empty())
    throw ConfigError(fmt::format("{} is empty: use all, or some of {}", flag, fmt::join(known, ", ")));
  return parts;
}

std::vector<int> numbers_of(const std::string& flag, const std::string& text) {
  std::vector<int> numbers;
  for (const auto& part : words(text)) {
    const auto value = number_from_text<int>(part);
    if (!value || *value < 1 || *value > 65536) {
      throw ConfigError(fmt::format("{}: '{}' must be a whole number from 1 to 65536", flag, part));
    }
    numbers.push_back(*value);
  }
  if (numbers.empty())
    throw ConfigError(fmt::format("{} is empty: give whole numbers, as in {} 1,32", flag, flag));
  return numbers;
}

struct Flag {
  const char* name;
  const char* values;
  const char* help;
  bool takes_value;
  std::function<void(BenchOptions&, const std::string&)> set;
};

std::vector<Flag> flags_of_axes() {
  return {
      {"--shapes", "FILE",
       "shapes to run: a file, or a built-in list: study, resnet_stem, mobilenet_stem (default study)", true,
       [](BenchOptions& o, const std::string& v) { o.shapes = v; }},
      {"--op", "LIST",
       "downsampling operators by name; an operator of the shapes file's own by its; none (default all)",
       true,
       [](BenchOptions& o, const std::string& v) {
         o.axes.ops = v == "all" ? std::vector<std::string>{} : words(v);
       }},
      {"--unit", "LIST", "op (alone), conv (alone), block (both); default all", true,
       [](BenchOptions& o, const std::string& v) { o.axes.units = words_of("--unit", v, unit_names()); }},
      {"--engine", "LIST",
       "primitives (oneDNN's, step by step), fused (our own kernels: blocks and networks); default all", true,
       [](BenchOptions& o, const std::string& v) {
         o.axes.engines = words_of("--engine", v, engine_names());
       }},
      {"--algorithm", "LIST",
       "of the fused engine: direct, fast (fewer products), auto (where that computes less); default direct",
       true,
       [](BenchOptions& o, const std::string& v) {
         o.axes.algorithms = words_of("--algorithm", v, kernels::algorithm_names());
       }},
      {"--layout", "LIST", "nhwc, nchw, blocked, any (default nhwc)", true,
       [](BenchOptions& o, const std::string& v) {
         o.axes.layouts = words_of("--layout", v, kernels::layout_names());
       }},
      {"--dtype", "LIST", "f32, bf16, int8 (default f32); the last two at inference", true,
       [](BenchOptions& o, const std::string& v) {
         o.axes.dtypes = words_of("--dtype", v, {"f32", "bf16", "int8"});
       }},
      {"--direction", "LIST",
       "inference, training_forward, backward_data, backward_weights; networks: inference, training_forward, "
       "backward, update, "
       "training_step (default all)",
       true,
       [](BenchOptions& o, const std::string& v) {
         o.axes.directions = words_of("--direction", v, all_directions());
       }},
      {"--batch", "LIST", "images per run (default 32,1)", true,
       [](BenchOptions& o, const std::string& v) { o.axes.batches = numbers_of("--batch", v); }},
      {"--threads", "LIST",
       "OpenMP threads; all is 1, 2, 4, ... (default: OMP_NUM_THREADS, or every CPU this process may use)",
       true,
       [](BenchOptions& o, const std::string& v) {
         o.axes.threads =
             v == "all" ? usual_thread_counts(kernels::default_team().threads) : numbers_of("--threads", v);
       }},
      {"--cache", "LIST", "hot, cold_source, cold_weights, cold_destination, cold_all (default hot)", true,
       [](BenchOptions& o, const std::string& v) {
         o.axes.caches = words_of("--cache", v, cache_state_names());
       }},
  };
}

std::vector<Flag> flags_of_report() {
  return {
      {"--allow-ref", "", "time oneDNN's reference implementations too (they take minutes)", false,
       [](BenchOptions& o, const std::string&) { o.axes.allow_ref = true; }},
      {"--counters", "",
       "columns of hardware and software counters per iteration, over all threads; the report's head says "
       "why "
       "one is missing (--benchmark_perf_counters needs a Google Benchmark built with libpfm, and counts one "
       "thread)",
       false, [](BenchOptions& o, const std::string&) { o.counters = true; }},
      {"--no-roofline", "", "do not measure the machine first; no share of the roofline then", false,
       [](BenchOptions& o, const std::string&) { o.roofline = false; }},
      {"--processes", "N",
       "time every arm in N fresh processes, 2 to 1000 (10 or more: fewer give wide intervals); each "
       "interleaves all arms "
       "of the same threads, batch and cache state for --benchmark_min_time (default 0.5 s) each, with "
       "readings of the "
       "memory system between. Rows are the processes in order of time; interval_low, interval_high: 95% "
       "interval of the "
       "typical process; next_low, next_high: where the next process's median lies (default 1: everything in "
       "this one)",
       true,
       [](BenchOptions& o, const std::string& v) {
         const auto numbers = numbers_of("--processes", v);
         if (numbers.size() != 1 || numbers[0] > 1000)
           throw ConfigError(fmt::format("--processes: '{}' must be one whole number from 1 to 1000", v));
         o.processes = numbers[0];
       }},
      {"--machine", "",
       "measure the machine and print it (the memory system's course and our part of the L3 as well), run no "
       "benchmark; "
       "JSON with --benchmark_format=json",
       false, [](BenchOptions& o, const std::string&) { o.machine = BenchOptions::Machine::text; }},
      {"--help", "", "this page", false, [](BenchOptions& o, const std::string&) { o.help = true; }},
  };
}

const std::vector<Flag>& flags() {
  static const std::vector<Flag> table = [] {
    auto all = flags_of_axes();
    for (auto& flag : flags_of_report()) all.push_back(std::move(flag));
    return all;
  }();
  return table;
}

void check_ops(const BenchOptions& options) {
  if (options.axes.ops.empty()) return;
  std::vector<std::string> known;
  for (const auto& geometry : load_geometries(options.shapes)) {
    for (const auto& op : operators_of(geometry)) {
      if (std::find(known.begin(), known.end(), op) == known.end()) known.push_back(op);
    }
  }
  for (const auto& op : options.axes.ops) {
    if (std::find(known.begin(), known.end(), op) == known.end()) {
      throw ConfigError(
          fmt::format("--op: '{}' is not known: use all, or some of {}", op, fmt::join(known, ", ")));
    }
  }
}

// "3.17": group 3 of the arms, in the 17th process of it. Not for people: bench_ops --processes starts itself
// so.
void set_process(BenchOptions& options, const std::string& value) {
  const auto dot = value.find('.');
  const auto group = number_from_text<int>(value.substr(0, dot));
  const auto number = number_from_text<std::uint64_t>(dot == std::string::npos ? "" : value.substr(dot + 1));
  if (!group || *group < 0 || !number) throw ConfigError("--process-of-group: expected GROUP.NUMBER");
  options.process_group = *group;
  options.process_number = *number;
}

}  // namespace

BenchOptions take_options(std::vector<std::string>& arguments) {
  BenchOptions options;
  options.axes = {{},      unit_names(), engine_names(), {"direct"}, {"nhwc"}, {"f32"}, {},
                  {32, 1}, {},           {"hot"},        false};
  std::vector<std::string> others;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& argument = arguments[i];
    const auto equals = argument.find('=');
    const auto name = argument.substr(0, equals);
    if (name == "--process-of-group" && equals != std::string::npos) {
      set_process(options, argument.substr(equals + 1));
      continue;
    }
    const auto flag =
        std::find_if(flags().begin(), flags().end(), [&](const Flag& f) { return name == f.name; });
    if (flag == flags().end()) {
      others.push_back(argument);
      continue;
    }
    std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (flag->takes_value && equals == std::string::npos) {
      if (i + 1 == arguments.size()) throw ConfigError(fmt::format("{} needs a value: {}", name, flag->help));
      value = arguments[++i];
    }
    if (!flag->takes_value && equals != std::string::npos)
      throw ConfigError(fmt::format("{} takes no value", name));
    flag->set(options, value);
  }
  arguments = others;
  const auto json = std::find(arguments.begin(), arguments.end(), "--benchmark_format=json");
  if (options.machine == BenchOptions::Machine::text && json != arguments.end()) {
    options.machine = BenchOptions::Machine::json;
  }
  if (options.processes > 1 && options.counters)
    throw ConfigError("--counters counts within this process: leave it out, or --processes");
  if (!options.help) check_ops(options);
  if (options.axes.threads.empty()) {
    const auto team = kernels::default_team();
    options.axes.threads = {team.threads};
    options.threads_note = team.note;
  }
  return options;
}

std::string options_help() {
  std::string text =
      "usage: bench_ops [options] [Google Benchmark's options]\n\n"
      "Times the study's downsampling operators alone and inside their blocks, fc1, whole networks and "
      "layout reorders;\n"
      "each result is checked against the operator's formula before it is timed. Names carry every axis, so\n"
      "--benchmark_filter=REGEX chooses among them. LIST: values separated by commas, or all.\n\n";
  for (const auto& flag : flags()) {
    text +=
        fmt::format("  {:<22}{}\n",
                    fmt::format("{}{}{}", flag.name, flag.takes_value ? " " : "", flag.values), flag.help);
  }
  return text + "\nGoogle Benchmark's own options:\n";
}

}  // namespace dsx::bench
