#include "kernels/downsample/downsample.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/base/error.hpp"

namespace dsx::downsample {

// Each is the file of its name.
DownsampleOp avgpool();
DownsampleOp maxpool();
DownsampleOp strided();
DownsampleOp slice();
DownsampleOp blurpool();
DownsampleOp maxblurpool();
DownsampleOp rmspool();

// In the order of all help texts, tables and figures: the study's three first, since colours go by place.
const std::vector<DownsampleOp>& downsample_table() {
  static const std::vector<DownsampleOp> table{
      avgpool(), maxpool(), strided(), slice(), blurpool(), maxblurpool(), rmspool(),
  };
  return table;
}

const DownsampleOp& downsample_op(const std::string& name) {
  const auto& table = downsample_table();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& op) { return op.name == name; });
  if (found != table.end()) return *found;
  std::vector<std::string> names;
  for (const auto& op : table) names.push_back(op.name);
  throw ConfigError(fmt::format("variant '{}' is not known: use one of {}", name, fmt::join(names, ", ")));
}

}  // namespace dsx::downsample
