// The list of benchmark arms: every combination of the chosen axes, by name, each built only when it is its
// turn. A combination that cannot be is an arm too; building it throws the reason, and the report shows that.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/arms/geometry.hpp"
#include "bench/arms/work.hpp"
#include "kernels/onednn/context.hpp"

namespace dsx::bench {

// Values of each axis, in the words of the benchmarks' names.
struct Axes {
  std::vector<std::string> ops;      // operators; empty: all of the table, and a shape's own
  std::vector<std::string> units;    // op, conv, block
  std::vector<std::string> engines;  // primitives, fused: blocks and networks as our own kernels
  std::vector<std::string> layouts;
  std::vector<std::string> dtypes;
  std::vector<std::string> directions;  // an arm kind that does not have one leaves it out
  std::vector<int> batches;
  std::vector<int> threads;
  std::vector<std::string> caches;
  bool allow_ref = false;
};

struct ArmEntry {
  std::string name;
  int threads = 1;
  dnnl::memory::data_type dtype = dnnl::memory::data_type::f32;
  CacheState cache = CacheState::hot;
  std::function<Work()> build;  // with OpenMP's team at `threads`
};

// Operators alone, convolutions alone, and blocks.
std::vector<ArmEntry> block_arms(const std::vector<Geometry>& geometries, const Axes& axes);
// Each layout change of each shape's tensors.
std::vector<ArmEntry> reorder_arms(const std::vector<Geometry>& geometries, const Axes& axes);
// The study's fc1: every direction.
std::vector<ArmEntry> fc1_arms(const Axes& axes);
// Whole networks: inference, training forward, backward, update, training step.
std::vector<ArmEntry> network_arms(const Axes& axes);
const std::vector<std::string>& network_direction_names();

// All words of an axis, for help and checking.
std::vector<std::string> all_directions();
bool chosen(const std::vector<std::string>& wanted, const std::string& value);  // empty: everything is

std::vector<ArmEntry> all_arms(const std::vector<Geometry>& geometries, const Axes& axes);

// Axes that only operators have; shared by the files that list arms.
dnnl::memory::data_type dtype_from_string(const std::string& name);  // throws ConfigError
// Throws UnsupportedError when this CPU has no arithmetic for the type.
void require_dtype(dnnl::memory::data_type type);
// Calls visit(layout, type, batch, threads, cache) for oneDNN's primitives.
struct CommonAxes {
  std::string layout, dtype;
  int batch, threads;
  std::string cache;
  bool fused = false;
};
kernels::Context context_of(const CommonAxes& common, bool allow_ref);
void for_common_axes(const Axes& axes, const std::function<void(const CommonAxes&)>& visit);
// The same for each chosen engine; the fused one has one layout, its own.
const std::vector<std::string>& engine_names();
void for_engine_axes(const Axes& axes, const std::function<void(const CommonAxes&)>& visit);
std::string arm_name(const std::string& head, const CommonAxes& common, const std::string& direction);

}  // namespace dsx::bench
