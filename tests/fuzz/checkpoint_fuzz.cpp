// A checkpoint, read for a small network. First byte: 1 is set where the rest is the file, which the seal
// must keep from libhdf5, and not where it edits a valid one (edited_hdf5.hpp); 2 asks for the state of
// training.
#include <algorithm>
#include <iterator>

#include "data/io/h5.hpp"
#include "study/training/checkpoint_reader.hpp"
#include "tests/fuzz/edited_hdf5.hpp"

namespace dsx::fuzz {

using namespace training;
namespace {

const ModelIdentity& identity() {
  static const ModelIdentity id{"avgpool", "small", {"Conv2d conv1", "Flatten", "Linear fc1"}, 1, 8, 8};
  return id;
}

const std::vector<ParameterShape>& parameters() {
  static const std::vector<ParameterShape> shapes = {
      {"conv1.weight", {2, 1, 3, 3}}, {"conv1.bias", {2}}, {"fc1.weight", {1, 72}}};
  return shapes;
}

// The columns of a history that are written: any may be missing, and each takes its time.
constexpr const char* kColumns[] = {"epoch", "lr", "val_tp", "train_loss"};

// As write_training() writes it, which needs a whole network.
void write_valid(const std::filesystem::path& path) {
  data::h5::Writer out(path, data::h5::Writer::Seal::yes);
  out.attribute("format", kCheckpointFormat);
  for (const char* name : {"version", "epoch", "channels", "best_epoch", "epochs_since_best_auc", "threads"})
    out.attribute(name, std::int64_t{1});
  for (const char* name : {"height", "width"}) out.attribute(name, std::int64_t{8});
  out.attribute("stopped_early", std::int64_t{0});
  for (const char* name : {"best_auc", "best_loss"}) out.attribute(name, 0.5);
  out.attribute("variant", identity().variant);
  out.attribute("network", identity().network);
  out.attribute("optimizer", "sgd");
  out.attribute("data_digest", "abc");
  out.strings("layers", identity().layers);
  out.numbers("weights/conv1.weight", std::vector<float>(18, 0.5F), {2, 1, 3, 3});
  out.numbers("weights/conv1.bias", std::vector<float>(2, 0.5F));
  out.numbers("weights/fc1.weight", std::vector<float>(72, 0.5F), {1, 72});
  const std::vector<EpochRecord> history(3);
  for (const auto& [name, values] : to_columns(history))
    if (std::find(std::begin(kColumns), std::end(kColumns), name) != std::end(kColumns))
      out.numbers("history/" + name, values);
  out.numbers("optimizer_state/0", std::vector<float>(18, 1));
  out.numbers("optimizer_state/1", std::vector<float>(1, 1));
  out.strings("optimizer_keys", std::vector<std::string>{"momentum_buffer/conv1.weight", "step"});
  out.commit();
}

const EditedHdf5& edited() {
  static const EditedHdf5 file(
      bytes_of_file(write_valid),
      {"layers", "weights/conv1.weight", "weights/conv1.bias", "weights/fc1.weight", "weights",
       "history/epoch", "history/lr", "history/val_tp", "history/train_loss", "history", "optimizer_state/0",
       "optimizer_state/1", "optimizer_state", "optimizer_keys"},
      {"format", "version", "epoch", "channels", "height", "variant", "optimizer", "data_digest", "threads",
       "best_epoch", "best_auc", "epochs_since_best_auc", "stopped_early"});
  return file;
}

}  // namespace

void read(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  const auto rest = bytes.subspan(1);
  const std::filesystem::path path = (bytes[0] & 1U) != 0 ? as_file(rest) : edited().apply(rest);
  const bool training = (bytes[0] & 2U) != 0;
  const CheckpointContent content = read_checkpoint(path, identity(), parameters(), training);
  if (content.weights.size() != parameters().size() || content.weights[0].size() != 18 ||
      content.weights[2].size() != 72 || content.training.has_value() != training)
    std::abort();
}

std::vector<Bytes> seeds() {
  std::vector<Bytes> all = edited().seeds();
  all.push_back(bytes_of_file(write_valid));
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i].insert(all[i].begin(), static_cast<std::uint8_t>(i + 1 == all.size() ? 3 : 2));
  read(all.front());  // without an edit: must be accepted
  read(all.back());
  return all;
}

}  // namespace dsx::fuzz
