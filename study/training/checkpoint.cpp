// The network's side of a checkpoint: what is written, and what a read one must fit (checkpoint_reader.cpp).
#include "study/training/checkpoint.hpp"

#include <fmt/core.h>

#include "data/io/h5.hpp"

namespace dsx::training {
namespace {

namespace fs = std::filesystem;

void write_model(data::h5::Writer& out, const net::Network& network, int epoch,
                 const std::string& settings_yaml) {
  const ModelIdentity id = identity_of(network);
  out.attribute("format", kCheckpointFormat);
  out.attribute("version", kCheckpointVersion);
  out.attribute("epoch", std::int64_t{epoch});
  out.attribute("variant", id.variant);
  out.attribute("network", id.network);
  out.attribute("channels", std::int64_t{id.channels});
  out.attribute("height", std::int64_t{id.height});
  out.attribute("width", std::int64_t{id.width});
  out.strings("layers", id.layers);
  out.string("settings", settings_yaml);
  std::vector<std::string> names;
  for (const net::Parameter& p : network.parameters().all) names.push_back(p.name);
  out.strings("names", names);  // PyTorch's order; HDF5 lists members by name
  for (const net::Parameter& p : network.parameters().all)
    out.numbers("weights/" + p.name, p.get(), std::vector<std::size_t>(p.shape.begin(), p.shape.end()));
}

std::vector<ParameterShape> shapes_of(const net::Network& network) {
  std::vector<ParameterShape> shapes;
  for (const net::Parameter& p : network.parameters().all)
    shapes.push_back({p.name, std::vector<std::size_t>(p.shape.begin(), p.shape.end())});
  return shapes;
}

// Everything is read before the network changes.
CheckpointContent load(const fs::path& path, net::Network& network, bool with_training) {
  CheckpointContent content = read_checkpoint(path, identity_of(network), shapes_of(network), with_training);
  for (std::size_t i = 0; i < content.weights.size(); ++i)
    network.parameters().all[i].set(content.weights[i]);
  return content;
}

}  // namespace

ModelIdentity identity_of(const net::Network& network) {
  const net::NetworkOptions& options = network.options();
  ModelIdentity id{options.variant, network.spec().name, {}, options.channels, options.height, options.width};
  for (const net::LayerSpec& layer : network.spec().layers) id.layers.push_back(net::to_string(layer));
  return id;
}

void write_weights(const fs::path& path, const net::Network& network, int epoch,
                   const std::string& settings_yaml) {
  data::h5::Writer out(path, data::h5::Writer::Seal::yes);
  write_model(out, network, epoch, settings_yaml);
  out.commit();
}

void write_training(const fs::path& path, const net::Network& network, const TrainingSnapshot& snapshot,
                    const std::string& settings_yaml) {
  const TrainState& state = snapshot.state;
  data::h5::Writer out(path, data::h5::Writer::Seal::yes);
  write_model(out, network, state.epochs_done(), settings_yaml);
  out.attribute("best_epoch", std::int64_t{state.best_epoch});
  out.attribute("best_auc", state.best_auc);
  out.attribute("best_loss", state.best_loss);
  out.attribute("epochs_since_best_auc", std::int64_t{state.epochs_since_best_auc});
  out.attribute("stopped_early", std::int64_t{state.stopped_early});
  out.attribute("optimizer", snapshot.optimizer);
  out.attribute("data_digest", snapshot.data_digest);
  out.attribute("threads", std::int64_t{snapshot.threads});
  out.attribute("numeric_mode", snapshot.numeric_mode);
  out.attribute("numeric_mode_variables", snapshot.numeric_mode_variables);
  for (const auto& [name, values] : to_columns(state.history)) out.numbers("history/" + name, values);
  std::vector<std::string> keys;
  for (const auto& [key, values] : snapshot.optimizer_state) {
    // By number: keys hold '/', which HDF5 would read as groups.
    out.numbers(fmt::format("optimizer_state/{}", keys.size()), values);
    keys.push_back(key);
  }
  out.strings("optimizer_keys", keys);
  out.commit();
}

int load_weights(const fs::path& path, net::Network& network) { return load(path, network, false).epoch; }

TrainingSnapshot load_training(const fs::path& path, net::Network& network) {
  return *load(path, network, true).training;
}

}  // namespace dsx::training
