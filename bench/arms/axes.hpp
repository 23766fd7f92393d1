// The axes of the benchmarks, in the words of their names: what is chosen of each, one combination of them,
// and the kernels' context that it asks for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/onednn/context.hpp"

namespace dsx::bench {

// Values of each axis, in the words of the benchmarks' names.
struct Axes {
  std::vector<std::string> ops;                   // operators; empty: all of the table, and a shape's own
  std::vector<std::string> units;                 // op, conv, block
  std::vector<std::string> engines;               // primitives, fused: blocks and networks as our own kernels
  std::vector<std::string> algorithms{"direct"};  // of the fused engine's convolutions
  std::vector<std::string> layouts;
  std::vector<std::string> dtypes;
  std::vector<std::string> directions;  // an arm kind that does not have one leaves it out
  std::vector<int> batches;
  std::vector<int> threads;
  std::vector<std::string> caches;
  bool allow_ref = false;
};

bool chosen(const std::vector<std::string>& wanted, const std::string& value);  // empty: everything is

// One combination of the axes that all kinds of arms have.
struct CommonAxes {
  std::string layout, dtype;
  int batch, threads;
  std::string cache;
  bool fused = false;
  kernels::Algorithm algorithm = kernels::Algorithm::direct;  // of the fused engine
};
kernels::Context context_of(const CommonAxes& common, bool allow_ref);
// Calls visit(layout, type, batch, threads, cache) for oneDNN's primitives.
void for_common_axes(const Axes& axes, const std::function<void(const CommonAxes&)>& visit);
// The same for each chosen engine; the fused one has one layout, its own, and each chosen algorithm.
const std::vector<std::string>& engine_names();
void for_engine_axes(const Axes& axes, const std::function<void(const CommonAxes&)>& visit);

std::string arm_name(const std::string& head, const CommonAxes& common, const std::string& direction);

}  // namespace dsx::bench
