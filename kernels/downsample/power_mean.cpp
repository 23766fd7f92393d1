// p = 2^k by k squarings and k square roots, in double precision: the eighth power of any float is a double,
// so that nothing overflows or vanishes and no window needs to be scaled by its maximum. A plain loop, since
// nothing is timed.
#include "kernels/downsample/power_mean.hpp"

#include <omp.h>

#include <cmath>
#include <limits>
#include <memory>

#include "kernels/base/error.hpp"
#include "kernels/downsample/image_rows.hpp"
#include "kernels/downsample/parts.hpp"
#include "kernels/onednn/context.hpp"

namespace dsx::downsample {
namespace {

using dnnl::memory;

template <int kSquarings>
double power_of(double x) {
  for (int k = 0; k < kSquarings; ++k) x *= x;
  return x;
}

template <int kSquarings>
double root_of(double x) {
  for (int k = 0; k < kSquarings; ++k) x = std::sqrt(x);
  return x;
}

// One row of dst from two of src; `sums`: 2 * dst_row() doubles.
template <int kSquarings>
void mean_row(const ImageRows& shape, const float* upper, const float* lower, double* sums, float* dst) {
  const std::size_t inner = shape.inner, count = shape.dst_row();
  for (std::size_t i = 0; i < 2 * count; ++i)
    sums[i] = power_of<kSquarings>(upper[i]) + power_of<kSquarings>(lower[i]);
  for (std::size_t at = 0; at < count; at += inner)
    for (std::size_t c = 0; c < inner; ++c) {
      const double* left = sums + 2 * at + c;
      dst[at + c] = static_cast<float>(root_of<kSquarings>((left[0] + left[inner]) / 4));
    }
}

template <int kSquarings>
std::vector<DownsampleStage> build_power_mean(const kernels::Context&, const std::string& layer,
                                              const memory::desc& md, bool training) {
  const auto type = md.get_data_type();
  if (training || type != memory::data_type::f32)
    throw UnsupportedError("layer " + layer + ": a power mean is for inference in f32 only");
  const auto dims = md.get_dims();
  const auto shape = std::make_shared<ImageRows>(md);
  const memory::desc src_md(dims, type, shape->tag), dst_md(halved(dims), type, shape->tag);
  const int threads = kernels::max_threads();
  const auto scratch = std::make_shared<std::vector<std::vector<double>>>(
      static_cast<std::size_t>(threads), std::vector<double>(2 * shape->dst_row()));
  DownsampleStage stage;
  kernels::Kernel& kernel = stage.forward;
  kernel.kind = "power_mean_pooling";
  kernel.impl = "ours:plain";
  kernel.arguments = {{DNNL_ARG_SRC, src_md}, {DNNL_ARG_DST, dst_md}};
  kernel.is_output = {{DNNL_ARG_SRC, false}, {DNNL_ARG_DST, true}};
  kernel.cost = {(4 + 5 * kSquarings) * element_count(halved(dims)), read_and_write(dims, type)};
  kernel.native = [shape, scratch, threads](const kernels::Arguments& arguments) {
    const auto* src = static_cast<const float*>(arguments.at(DNNL_ARG_SRC).get_data_handle());
    auto* dst = static_cast<float*>(arguments.at(DNNL_ARG_DST).get_data_handle());
    const auto rows = static_cast<std::int64_t>(shape->dst_rows());
#pragma omp parallel for num_threads(threads) schedule(static)
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto row = static_cast<std::size_t>(r);
      const float* upper = src + shape->source_row(row) * shape->row();
      mean_row<kSquarings>(*shape, upper, upper + shape->row(),
                           (*scratch)[static_cast<std::size_t>(omp_get_thread_num())].data(),
                           dst + row * shape->dst_row());
    }
  };
  std::vector<DownsampleStage> stages;
  stages.push_back(std::move(stage));
  return stages;
}

template <int kSquarings>
double power_mean(const Pixel& x, int i, int j, int, int) {
  double sum = 0;
  const double p = 1 << kSquarings;
  for (int k = 0; k < 4; ++k) sum += std::pow(std::abs(x(2 * i + k / 2, 2 * j + k % 2)), p);
  return std::pow(sum / 4, 1 / p);
}

template <int kSquarings>
DownsampleOp power_mean_op() {
  DownsampleOp op;
  op.name = "powermean" + std::to_string(1 << kSquarings);
  op.description = "2x2 power mean, stride 2, after the stride-1 convolution; inference only";
  op.build = build_power_mean<kSquarings>;
  op.flop = [](const memory::dims& src) { return (4 + 5 * kSquarings) * element_count(halved(src)); };
  op.min_bytes = read_and_write;
  op.definition = power_mean<kSquarings>;
  op.derivative = nullptr;  // nothing trains through it
  op.roundings = 2;
  op.onnx = nullptr;
  return op;
}

}  // namespace

const std::vector<PowerMean>& power_means() {
  static const DownsampleOp four = power_mean_op<2>(), eight = power_mean_op<3>();
  static const std::vector<PowerMean> means = {
      {"1", 1, &downsample_op("avgpool")},
      {"2", 2, &downsample_op("rmspool")},
      {"4", 4, &four},
      {"8", 8, &eight},
      {"inf", std::numeric_limits<double>::infinity(), &downsample_op("maxpool")},
  };
  return means;
}

}  // namespace dsx::downsample
