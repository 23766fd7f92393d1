// Checks in this order: seal, format, identity, every name and shape, then the values.
#include "study/training/checkpoint_reader.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "data/io/h5.hpp"
#include "data/io/sealed_file.hpp"
#include "kernels/base/error.hpp"

namespace dsx::training {
namespace {

constexpr std::size_t kMaxLayers = 100'000;
constexpr std::size_t kMaxEpochs = 1'000'000;

void compare(const data::h5::Reader& in, const std::string& what, const std::string& theirs,
             const std::string& ours) {
  if (theirs == ours) return;
  in.fail(fmt::format("a checkpoint of another network: {} is {} there and {} here", what, theirs, ours));
}

std::size_t count_of(const ParameterShape& parameter) {
  std::size_t count = 1;
  for (const std::size_t extent : parameter.shape) count *= extent;
  return count;
}

int bounded_int(const data::h5::Reader& in, const char* name, std::int64_t lowest, std::int64_t highest) {
  const std::int64_t value = in.attribute_int(name);
  if (value < lowest || value > highest)
    in.fail(fmt::format("damaged: '{}' is {}, which is impossible", name, value));
  return static_cast<int>(value);
}

int epochs_in(const data::h5::Reader& in, const char* name) {
  return bounded_int(in, name, 0, static_cast<std::int64_t>(kMaxEpochs));
}

void check_identity(const data::h5::Reader& in, const ModelIdentity& id) {
  if (!in.has_attribute("format") || in.attribute_string("format") != kCheckpointFormat)
    in.fail("an HDF5 file, but no checkpoint of this program");
  if (in.attribute_int("version") != kCheckpointVersion)
    in.fail(fmt::format("a checkpoint of format {}; this program reads {}", in.attribute_int("version"),
                        kCheckpointVersion));
  compare(in, "variant", in.attribute_string("variant"), id.variant);
  const auto input = [](auto c, auto h, auto w) { return fmt::format("{}x{}x{}", c, h, w); };
  compare(in, "input",
          input(in.attribute_int("channels"), in.attribute_int("height"), in.attribute_int("width")),
          input(id.channels, id.height, id.width));
  const std::vector<std::string> layers = in.strings("layers", kMaxLayers);
  for (std::size_t i = 0; i < std::max(layers.size(), id.layers.size()); ++i) {
    const auto line = [i](const std::vector<std::string>& lines) {
      return i < lines.size() ? "'" + lines[i] + "'" : "missing";
    };
    compare(in, fmt::format("layer {}", i + 1), line(layers), line(id.layers));
  }
}

void check_shapes(const data::h5::Reader& in, const std::vector<ParameterShape>& parameters) {
  for (const ParameterShape& p : parameters) {
    const bool there = in.has("weights/" + p.name);
    compare(in, p.name, there ? fmt::format("{}", in.shape("weights/" + p.name)) : "missing",
            fmt::format("{}", p.shape));
  }
}

// What an optimizer keeps is about as large as the parameters, several times over.
std::map<std::string, std::vector<float>> read_optimizer(const data::h5::Reader& in,
                                                         const std::vector<ParameterShape>& parameters) {
  std::size_t largest = 1024;
  for (const ParameterShape& p : parameters) largest = std::max(largest, count_of(p));
  std::map<std::string, std::vector<float>> state;
  const std::vector<std::string> keys = in.strings("optimizer_keys", 8 * parameters.size() + 64);
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (!state
             .emplace(keys[i],
                      in.numbers<float>(fmt::format("optimizer_state/{}", i), largest * sizeof(float)))
             .second)
      in.fail(fmt::format("damaged: the optimizer's state has '{}' twice", keys[i]));
  return state;
}

std::vector<EpochRecord> read_history(const data::h5::Reader& in) {
  Columns columns = to_columns({});  // the names that this program knows
  std::erase_if(columns, [&](const auto& column) { return !in.has("history/" + column.first); });
  for (auto& [name, values] : columns) {
    values = in.numbers<double>("history/" + name, kMaxEpochs * sizeof(double));
    if (values.size() != columns.front().second.size())
      in.fail("damaged: the columns of its history differ in length");
  }
  return from_columns(columns);
}

TrainingSnapshot read_training(const data::h5::Reader& in, const std::vector<ParameterShape>& parameters) {
  if (!in.has_attribute("optimizer")) in.fail("holds weights only; training resumes from last.h5");
  TrainingSnapshot snapshot;
  snapshot.optimizer = in.attribute_string("optimizer");
  snapshot.data_digest = in.attribute_string("data_digest");
  snapshot.threads = bounded_int(in, "threads", 0, std::numeric_limits<int>::max());
  if (in.has_attribute("numeric_mode")) {
    snapshot.numeric_mode = in.attribute_string("numeric_mode");
    snapshot.numeric_mode_variables = in.attribute_string("numeric_mode_variables");
  }
  snapshot.optimizer_state = read_optimizer(in, parameters);
  TrainState& state = snapshot.state;
  state.history = read_history(in);
  state.best_epoch = epochs_in(in, "best_epoch");
  state.best_auc = in.attribute_double("best_auc");
  state.best_loss = in.attribute_double("best_loss");
  state.epochs_since_best_auc = epochs_in(in, "epochs_since_best_auc");
  state.stopped_early = in.attribute_int("stopped_early") != 0;
  return snapshot;
}

}  // namespace

CheckpointContent read_checkpoint(const std::filesystem::path& path, const ModelIdentity& id,
                                  const std::vector<ParameterShape>& parameters, bool with_training) {
  data::check_seal(path);
  const data::h5::Reader in(path);
  check_identity(in, id);
  check_shapes(in, parameters);
  CheckpointContent content;
  content.epoch = epochs_in(in, "epoch");
  if (with_training) content.training = read_training(in, parameters);
  for (const ParameterShape& p : parameters)
    content.weights.push_back(in.numbers<float>("weights/" + p.name, count_of(p) * sizeof(float)));
  return content;
}

}  // namespace dsx::training
