// Weights on disk, as PyTorch would name, order and shape them, with what they belong to (network, variant,
// input) and, in the last checkpoint, everything that training needs to go on bit by bit. HDF5 inside a seal
// (sealed_file.hpp), uncompressed: 46 MB of noise does not shrink.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "net/network.hpp"
#include "study/history.hpp"

namespace dsx {

// What the weights belong to. Two checkpoints fit the same network when all of it is equal; the pooled
// variants have weights of the same shapes, so the shapes alone would not tell.
struct ModelIdentity {
  std::string variant;
  std::string network;              // its name
  std::vector<std::string> layers;  // one line each: "Conv2d conv1 out_channels=6 kernel_size=5 ..."
  int channels = 0, height = 0, width = 0;
};
ModelIdentity identity_of(const Network& network);

// Where training stands: only in last.h5.
struct TrainingSnapshot {
  TrainState state;
  std::string optimizer;  // "sgd"
  std::map<std::string, std::vector<float>> optimizer_state;
  std::string data_digest;  // of the data it was trained on
  int threads = 0;          // bitwise repetition needs the same number
};

// Written as best.h5: identity, epoch, weights. `settings_yaml` repeats the run.
void write_weights(const std::filesystem::path& path, const Network& network, int epoch,
                   const std::string& settings_yaml);
// Written as last.h5: the same plus the snapshot. The epoch is the state's last.
void write_training(const std::filesystem::path& path, const Network& network,
                    const TrainingSnapshot& snapshot, const std::string& settings_yaml);

// Loads weights into the network and returns their epoch. Throws DataError: damaged, no checkpoint, or of
// another network (naming the first difference); the network is unchanged then.
int load_weights(const std::filesystem::path& path, Network& network);
TrainingSnapshot load_training(const std::filesystem::path& path, Network& network);

}  // namespace dsx
