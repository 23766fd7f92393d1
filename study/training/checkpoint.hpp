// Weights on disk, as PyTorch would name, order and shape them, with what they belong to (network, variant,
// input) and, in the last checkpoint, everything that training needs to resume bit by bit. HDF5 inside a seal
// (data/io/sealed_file.hpp), uncompressed: 46 MB of noise does not shrink.
#pragma once

#include <filesystem>
#include <string>

#include "net/network.hpp"
#include "study/training/checkpoint_reader.hpp"

namespace dsx::training {

ModelIdentity identity_of(const net::Network& network);

// Written as best.h5: identity, epoch, weights. `settings_yaml` repeats the run.
void write_weights(const std::filesystem::path& path, const net::Network& network, int epoch,
                   const std::string& settings_yaml);
// Written as last.h5: the same plus the snapshot. The epoch is the state's last.
void write_training(const std::filesystem::path& path, const net::Network& network,
                    const TrainingSnapshot& snapshot, const std::string& settings_yaml);

// Loads weights into the network and returns their epoch. Throws DataError: damaged, no checkpoint, or of
// another network (naming the first difference); the network is unchanged then.
int load_weights(const std::filesystem::path& path, net::Network& network);
TrainingSnapshot load_training(const std::filesystem::path& path, net::Network& network);

}  // namespace dsx::training
