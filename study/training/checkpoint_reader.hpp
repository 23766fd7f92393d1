// The file format of a checkpoint, and its reading without a network: every claim is checked against what the
// caller expects before memory is taken for it. checkpoint.hpp is what others use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "study/training/history.hpp"

namespace dsx::training {

inline constexpr const char* kCheckpointFormat = "downscalexr-checkpoint";
inline constexpr std::int64_t kCheckpointVersion = 1;

// What the weights belong to. Two checkpoints fit the same network when all of it is equal; the pooled
// variants have weights of the same shapes, so the shapes alone would not tell.
struct ModelIdentity {
  std::string variant;
  std::string network;              // its name
  std::vector<std::string> layers;  // one line each: "Conv2d conv1 out_channels=6 kernel_size=5 ..."
  int channels = 0, height = 0, width = 0;
};

// Where training stands: only in last.h5.
struct TrainingSnapshot {
  TrainState state;
  std::string optimizer;  // "sgd"
  std::map<std::string, std::vector<float>> optimizer_state;
  std::string data_digest;  // of the data it was trained on
  int threads = 0;          // bitwise repetition needs the same number
  // What chose the kernels: kernels/onednn/modes.hpp; empty in files of earlier versions.
  std::string numeric_mode, numeric_mode_variables;
};

struct ParameterShape {
  std::string name;
  std::vector<std::size_t> shape;
};

struct CheckpointContent {
  int epoch = 0;
  std::vector<std::vector<float>> weights;  // in the order of the expected parameters
  std::optional<TrainingSnapshot> training;
};

// Throws DataError: damaged, no checkpoint, or of another network (naming the first difference).
CheckpointContent read_checkpoint(const std::filesystem::path& path, const ModelIdentity& id,
                                  const std::vector<ParameterShape>& parameters, bool with_training);

}  // namespace dsx::training
