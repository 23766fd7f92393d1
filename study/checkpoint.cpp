// Reading checks everything before it changes the network: seal, format, identity, then every name and shape.
#include "study/checkpoint.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "data/h5.hpp"
#include "kernels/error.hpp"
#include "study/sealed_file.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
constexpr const char* kFormat = "downscalexr-checkpoint";
constexpr std::int64_t kVersion = 1;

std::string layer_line(const LayerSpec& l) {
  std::string line = fmt::format("{} {}", to_string(l.type), l.name);
  switch (l.type) {
    case LayerType::conv2d:
      return line + fmt::format(" out_channels={} kernel_size={} stride={} padding={} bias={}",
                                l.out_channels, l.kernel_size, l.stride, l.padding, l.bias);
    case LayerType::avg_pool2d:
      return line + fmt::format(" kernel_size={} stride={} padding={} count_include_pad={}", l.kernel_size,
                                l.stride, l.padding, l.count_include_pad);
    case LayerType::max_pool2d:
      return line + fmt::format(" kernel_size={} stride={} padding={}", l.kernel_size, l.stride, l.padding);
    case LayerType::adaptive_avg_pool2d:
      return line + fmt::format(" output_size={}", l.output_size);
    case LayerType::linear:
      return line + fmt::format(" out_features={} bias={}", l.out_features, l.bias);
    case LayerType::batch_norm2d:
      return line + fmt::format(" eps={} momentum={}", l.eps, l.momentum);
    default:
      return line;
  }
}

void write_model(h5::Writer& out, const Network& network, int epoch, const std::string& settings_yaml) {
  const ModelIdentity id = identity_of(network);
  out.attribute("format", kFormat);
  out.attribute("version", kVersion);
  out.attribute("epoch", std::int64_t{epoch});
  out.attribute("variant", id.variant);
  out.attribute("network", id.network);
  out.attribute("channels", std::int64_t{id.channels});
  out.attribute("height", std::int64_t{id.height});
  out.attribute("width", std::int64_t{id.width});
  out.strings("layers", id.layers);
  out.string("settings", settings_yaml);
  std::vector<std::string> names;
  for (const Parameter& p : network.parameters().all) names.push_back(p.name);
  out.strings("names", names);  // PyTorch's order; HDF5 lists members by name
  for (const Parameter& p : network.parameters().all)
    out.numbers("weights/" + p.name, p.get(), std::vector<std::size_t>(p.shape.begin(), p.shape.end()));
}

void compare(const h5::Reader& in, const std::string& what, const std::string& theirs,
             const std::string& ours) {
  if (theirs == ours) return;
  in.fail(fmt::format("a checkpoint of another network: {} is {} there and {} here", what, theirs, ours));
}

void check_identity(const h5::Reader& in, const Network& network) {
  if (!in.has_attribute("format") || in.attribute_string("format") != kFormat)
    in.fail("an HDF5 file, but no checkpoint of this program");
  if (in.attribute_int("version") != kVersion)
    in.fail(fmt::format("a checkpoint of format {}; this program reads {}", in.attribute_int("version"),
                        kVersion));
  const ModelIdentity id = identity_of(network);
  compare(in, "variant", in.attribute_string("variant"), id.variant);
  const auto input = [](auto c, auto h, auto w) { return fmt::format("{}x{}x{}", c, h, w); };
  compare(in, "input",
          input(in.attribute_int("channels"), in.attribute_int("height"), in.attribute_int("width")),
          input(id.channels, id.height, id.width));
  const std::vector<std::string> layers = in.strings("layers", 100'000);
  for (std::size_t i = 0; i < std::max(layers.size(), id.layers.size()); ++i) {
    const auto line = [i](const std::vector<std::string>& lines) {
      return i < lines.size() ? "'" + lines[i] + "'" : "missing";
    };
    compare(in, fmt::format("layer {}", i + 1), line(layers), line(id.layers));
  }
  for (const Parameter& p : network.parameters().all) {
    const std::vector<std::size_t> ours(p.shape.begin(), p.shape.end());
    const bool there = in.has("weights/" + p.name);
    compare(in, p.name, there ? fmt::format("{}", in.shape("weights/" + p.name)) : "missing",
            fmt::format("{}", ours));
  }
}

void read_weights(const h5::Reader& in, Network& network) {
  for (Parameter& p : network.parameters().all) p.set(in.numbers<float>("weights/" + p.name));
}

}  // namespace

ModelIdentity identity_of(const Network& network) {
  const NetworkOptions& options = network.options();
  ModelIdentity id{options.variant, network.spec().name, {}, options.channels, options.height, options.width};
  for (const LayerSpec& layer : network.spec().layers) id.layers.push_back(layer_line(layer));
  return id;
}

void write_weights(const fs::path& path, const Network& network, int epoch,
                   const std::string& settings_yaml) {
  write_sealed(path, [&](const fs::path& temporary) {
    h5::Writer out(temporary);
    write_model(out, network, epoch, settings_yaml);
    out.commit();
  });
}

void write_training(const fs::path& path, const Network& network, const TrainingSnapshot& snapshot,
                    const std::string& settings_yaml) {
  const TrainState& state = snapshot.state;
  write_sealed(path, [&](const fs::path& temporary) {
    h5::Writer out(temporary);
    write_model(out, network, state.epochs_done(), settings_yaml);
    out.attribute("best_epoch", std::int64_t{state.best_epoch});
    out.attribute("best_auc", state.best_auc);
    out.attribute("best_loss", state.best_loss);
    out.attribute("epochs_since_best_auc", std::int64_t{state.epochs_since_best_auc});
    out.attribute("stopped_early", std::int64_t{state.stopped_early});
    out.attribute("optimizer", snapshot.optimizer);
    out.attribute("data_digest", snapshot.data_digest);
    out.attribute("threads", std::int64_t{snapshot.threads});
    for (const auto& [name, values] : to_columns(state.history)) out.numbers("history/" + name, values);
    std::vector<std::string> keys;
    for (const auto& [key, values] : snapshot.optimizer_state) {
      // By number: keys hold '/', which HDF5 would read as groups.
      out.numbers(fmt::format("optimizer_state/{}", keys.size()), values);
      keys.push_back(key);
    }
    out.strings("optimizer_keys", keys);
    out.commit();
  });
}

int load_weights(const fs::path& path, Network& network) {
  check_seal(path);
  const h5::Reader in(path);
  check_identity(in, network);
  read_weights(in, network);
  return static_cast<int>(in.attribute_int("epoch"));
}

TrainingSnapshot load_training(const fs::path& path, Network& network) {
  check_seal(path);
  const h5::Reader in(path);
  check_identity(in, network);
  if (!in.has_attribute("optimizer")) in.fail("holds weights only; training goes on from last.h5");
  TrainingSnapshot snapshot;
  snapshot.optimizer = in.attribute_string("optimizer");
  snapshot.data_digest = in.attribute_string("data_digest");
  snapshot.threads = static_cast<int>(in.attribute_int("threads"));
  const std::vector<std::string> keys = in.strings("optimizer_keys");
  for (std::size_t i = 0; i < keys.size(); ++i)
    snapshot.optimizer_state[keys[i]] = in.numbers<float>(fmt::format("optimizer_state/{}", i));
  Columns columns;
  for (const std::string& name : in.names("history"))
    columns.emplace_back(name, in.numbers<double>("history/" + name));
  TrainState& state = snapshot.state;
  state.history = from_columns(columns);
  state.best_epoch = static_cast<int>(in.attribute_int("best_epoch"));
  state.best_auc = in.attribute_double("best_auc");
  state.best_loss = in.attribute_double("best_loss");
  state.epochs_since_best_auc = static_cast<int>(in.attribute_int("epochs_since_best_auc"));
  state.stopped_early = in.attribute_int("stopped_early") != 0;
  read_weights(in, network);
  return snapshot;
}

}  // namespace dsx
