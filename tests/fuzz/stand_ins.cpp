// The few names that the parsers under test ask of code which needs oneDNN to link: known words, no
// behaviour.
#include "data/formats/image_file.hpp"
#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/context.hpp"
#include "kernels/onednn/layout.hpp"
#include "study/settings/noise_kind.hpp"

namespace dsx {

namespace downsample {
const std::vector<DownsampleOp>& downsample_table() {
  static const std::vector<DownsampleOp> table = [] {
    std::vector<DownsampleOp> rows(3);
    rows[0].name = "avgpool";
    rows[1].name = "maxpool";
    rows[2].name = "strided";
    return rows;
  }();
  return table;
}
}  // namespace downsample

const std::vector<std::string>& kernels::algorithm_names() {
  static const std::vector<std::string> names = {"direct", "fast"};
  return names;
}

const std::vector<std::string>& kernels::layout_names() {
  static const std::vector<std::string> names = {"nhwc", "nchw"};
  return names;
}

}  // namespace dsx
