#include "net/graph/quantization.hpp"

#include "kernels/base/error.hpp"

namespace dsx::net {

const kernels::U8Scale& Quantization::at(const std::string& layer) const {
  const auto found = scales.find(layer);
  if (found == scales.end()) throw DataError("the calibration has no scale for '" + layer + "'");
  return found->second;
}

}  // namespace dsx::net
