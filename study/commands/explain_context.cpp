#include "study/commands/explain_context.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "kernels/base/error.hpp"
#include "kernels/onednn/layout.hpp"
#include "study/cli/number_flags.hpp"
#include "study/cli/suggestion.hpp"
#include "study/explain/experiments/experiments.hpp"
#include "study/explain/experiments/original.hpp"
#include "study/settings/engine.hpp"
#include "study/settings/run_data.hpp"

namespace dsx::commands {
namespace {

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

void check_experiments(const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const auto& experiment : explain::experiment_table()) known.push_back(experiment.name);
  for (const auto& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw ConfigError(fmt::format("--experiments: '{}' is not known{} use {}", name,
                                    cli::did_you_mean(name, known), fmt::join(known, ", ")));
  }
}

void check_variants(const explain::ExplainContext& context) {
  const auto& variants = context.options.variants;
  if (variants.size() < 2)
    throw ConfigError("--variants: name at least two, as in maxpool,strided: a difference is explained");
  for (const auto& variant : variants) {
    for (const auto& geometry : context.geometries) {
      if (!geometry.own || variant != geometry.own->name())
        downsample::downsample_op(variant);  // throws when it is not known
      if (std::count(variants.begin(), variants.end(), variant) > 1)
        throw ConfigError(fmt::format("--variants: {} is named twice", variant));
    }
  }
}

bool was_given(const settings::CommandLine& line, const std::string& flag) {
  return line.extra.count(flag) != 0 && !line.extra[flag].defaulted();
}

explain::ExplainOptions options_of(const settings::CommandLine& line) {
  explain::ExplainOptions options;
  const auto& settings = line.settings;
  options.variants = split_at_commas(line.extra["variants"].as<std::string>());
  options.shapes = line.extra["shapes"].as<std::string>();
  options.seconds = line.extra["seconds"].as<double>();
  options.budget_s = cli::seconds_of_flag("budget", line.extra["budget"].as<std::string>(), 5, 86400);
  options.keep_seconds = was_given(line, "seconds") || !was_given(line, "budget");
  if (line.extra.count("experiments") != 0)
    options.experiments = split_at_commas(line.extra["experiments"].as<std::string>());
  if (line.extra.count("peers") != 0) options.peers = line.extra["peers"].as<std::string>();
  if (!options.peers.empty()) explain::check_peers_file(options.peers);
  check_experiments(options.experiments);
  if (!(options.seconds > 0 && options.seconds <= 600))
    throw ConfigError("--seconds: expected a number above 0, at most 600");
  options.layout = kernels::layout_from_string(settings.layout);
  options.channels = settings.channels;
  options.size = settings.size;
  options.fused = settings.engine == "fused";
  options.algorithm = kernels::algorithm_from_string(settings.algorithm);
  options.batch = settings.batch;
  options.seed = settings.seed;
  return options;
}

// One batch of the test split as the networks read it, in plain order; images are repeated when there are
// fewer.
std::vector<float> images_of(settings::Settings settings) {
  const auto dataset = settings::open_run_data(settings, {});
  const auto split = settings::split_data(*dataset, data::Split::test);
  auto options = settings::evaluation_loader(settings);
  options.channels_last = false;
  data::BatchLoader loader(*dataset, split.indices, split.labels, options);
  loader.start_epoch(0);
  const data::Batch* batch = loader.next();
  if (batch == nullptr || batch->valid < 1) throw DataError(settings.data + ": has no test image");
  std::vector<float> images(batch->images.begin(), batch->images.end());
  const std::size_t one = images.size() / static_cast<std::size_t>(settings.batch);
  for (std::size_t i = static_cast<std::size_t>(batch->valid) * one; i < images.size(); ++i)
    images[i] = images[i - static_cast<std::size_t>(batch->valid) * one];
  return images;
}

}  // namespace

std::vector<bench::Geometry> study_blocks(int channels, int size) {
  auto blocks = bench::load_geometries("study");
  for (auto& block : blocks) {
    block.channels = channels;
    block.height = block.width = size;
    const auto halved = bench::geometry_conv(block, 1, 2);  // as floor(half) of every operator's
    channels = block.out_channels;
    size = static_cast<int>(halved.dst[2]);
  }
  return blocks;
}

explain::ExplainContext explain_context(const settings::CommandLine& line) {
  explain::ExplainContext context;
  context.options = options_of(line);
  const auto& options = context.options;
  context.whole_network = options.shapes == "study";
  if (!context.whole_network) {
    for (const char* key : {"size", "channels", "data"})
      if (line.sources.contains(key))
        throw ConfigError(
            fmt::format("--{}: is the study's network's; with --shapes {} the file of shapes says it", key,
                        options.shapes));
  }
  context.geometries = context.whole_network ? study_blocks(options.channels, options.size)
                                             : bench::load_geometries(options.shapes);
  check_variants(context);
  if (const auto text = context.whole_network ? settings::unfused_text(line.settings.engine, options.variants)
                                              : std::string();
      !text.empty() && line.extra.count(kProcessFlag) == 0)
    fmt::print(stderr, "{}", text);
  if (line.sources.contains("data")) context.images = images_of(line.settings);
  context.budget = explain::Budget(options.budget_s);
  return context;
}

bench::Fields explain_settings(const explain::ExplainOptions& options, const settings::CommandLine& line) {
  return {{"variants", fmt::format("{}", fmt::join(options.variants, ","))},
          {"shapes", options.shapes},
          {"size", std::to_string(options.size)},
          {"channels", std::to_string(options.channels)},
          {"engine", line.settings.engine},
          {"algorithm", line.settings.algorithm},
          {"data", line.sources.contains("data") ? line.settings.data : "random images"},
          {"layout", kernels::to_string(options.layout)},
          {"batch", std::to_string(options.batch)},
          {"threads", std::to_string(options.threads)},
          {"budget", fmt::format("{:g} s", options.budget_s)},
          {"seconds", fmt::format("{}", options.seconds)},
          {"seed", std::to_string(options.seed)}};
}

std::string explain_program(const explain::ExplainOptions& options, const settings::CommandLine& line) {
  std::string program = fmt::format("study explain --variants {} --shapes {}",
                                    fmt::join(options.variants, ","), bench::shell_quoted(options.shapes));
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"size", std::to_string(options.size)},
                                                        {"channels", std::to_string(options.channels)},
                                                        {"engine", line.settings.engine},
                                                        {"algorithm", line.settings.algorithm},
                                                        {"data", line.settings.data},
                                                        {"positive", line.settings.positive},
                                                        {"resize", line.settings.resize},
                                                        {"subject", line.settings.subject}})
    if (line.sources.contains(key)) program += fmt::format(" --{} {}", key, bench::shell_quoted(value));
  return program + fmt::format(" --layout {} --batch {} --threads {} --seconds {} --seed {}",
                               kernels::to_string(options.layout), options.batch, options.threads,
                               options.seconds, options.seed);
}

}  // namespace dsx::commands
