#include "study/explain/experiments/experiments.hpp"

namespace dsx::explain {

const std::vector<Experiment>& experiment_table() {
  static const std::vector<Experiment> table{
      {"whole", "how much do the networks differ, and in which layers?", run_whole},
      {"factorial", "how much of it is convolution work, memory traffic, pooling?", run_factorial},
      {"dispatch", "what does oneDNN run for each layout, and what does letting it choose cost?",
       run_dispatch},
      {"working_set", "where does a pixel get costlier as more bytes are touched?", run_working_set},
      {"hot_cold", "what does each argument cost when it is not in the cache?", run_hot_cold},
      {"strips", "does pooling get cheaper when its input still lies in the cache?", run_strips},
      {"fused", "what does the same block cost when nothing is stored between its steps?", run_fused},
      {"algorithm", "what do fewer products cost and bring: are FLOP a property of the network?",
       run_algorithm},
      {"data_dependence", "does the time depend on the values?", run_data_dependence},
      {"threads", "what do threads give, inside a layer and across images?", run_threads},
      {"prediction", "do the machine's measured limits predict each step's time?", run_prediction},
      {"original", "whose is the original study's max-pooling penalty?", run_original, true},
  };
  return table;
}

}  // namespace dsx::explain
