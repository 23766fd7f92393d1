// Padding of the convolution is put around the source once, so that every strip is an unpadded convolution.
// An operator that reads beyond its own window's rows (blur, overlapping windows) gets a halo of convolution
// rows on both sides, into a private destination whose good rows are copied: its edges would otherwise meet
// zeros inside the image.
#include "study/explain/strip_runner.hpp"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include "bench/arms/block.hpp"
#include "bench/arms/chain.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/pages.hpp"
#include "kernels/onednn/context.hpp"

namespace dsx::explain {

using dnnl::memory;

namespace {

bool is_own(const bench::Geometry& geometry, const std::string& op) {
  return geometry.own && op == geometry.own->name();
}

// Convolution rows per operator output row.
int row_stride(const bench::Geometry& geometry, const std::string& op) {
  return is_own(geometry, op) ? geometry.own->stride : 2;
}

// Rows beyond the window that an operator reads, a multiple of its stride.
int halo_rows(const bench::Geometry& geometry, const std::string& op) {
  const int stride = row_stride(geometry, op);
  if (is_own(geometry, op)) {
    const bool tiles = geometry.own->window == stride && geometry.own->padding == 0;
    return tiles ? 0 : (geometry.own->window + stride - 1) / stride * stride;
  }
  return downsample::downsample_op(op).halo_rows;
}

std::vector<downsample::DownsampleStage> build_stages(const kernels::Context& context,
                                                      const bench::Geometry& geometry, const std::string& op,
                                                      const memory::desc& src_md) {
  if (!is_own(geometry, op))
    return downsample::downsample_op(op).build(context, "strip." + op, src_md, false);
  const auto& own = *geometry.own;
  const auto shape = kernels::pool_shape(src_md.get_dims(), own.window, own.stride, own.padding);
  downsample::DownsampleStage stage;
  stage.forward =
      kernels::pool_forward(context, "strip.own", own.kind, shape, kernels::Pass::inference, src_md,
                            kernels::activation_md(shape.dst, context.dtype, context.layout));
  return {std::move(stage)};
}

// One strip height's primitives and a thread's private memory for them.
struct StripKernels {
  struct Bound {
    dnnl::primitive primitive;  // empty where `native` is set
    std::function<void(const kernels::Arguments&)> native;
    kernels::Arguments arguments;
    void execute(dnnl::stream& stream) const {
      if (primitive)
        primitive.execute(stream, arguments);
      else
        native(arguments);
    }
  };
  Bound conv;
  std::vector<Bound> stages;
  memory conv_src, mid, dst;  // handles are set per strip
  int out_rows = 0;           // of the operator
};

// Zeroed floats on large pages where the system gives them (kernels/base/pages.hpp): where small pages happen
// to lie in memory would change times from run to run.
class Pages {
 public:
  void assign(std::size_t count, float) {
    bytes_ = allocate_pages(count * sizeof(float));
    count_ = count;
    std::memset(bytes_.get(), 0, count * sizeof(float));
  }
  float* data() const { return reinterpret_cast<float*>(bytes_.get()); }
  float& operator[](std::size_t i) const { return data()[i]; }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

 private:
  AlignedBytes bytes_;
  std::size_t count_ = 0;
};

struct Strip {
  int conv_begin = 0, conv_end = 0;  // convolution rows
  int out_begin = 0, out_end = 0;    // good operator rows
  int skip = 0;                      // operator rows of the strip before the good ones
};

}  // namespace

struct StripRunner::Impl {
  bench::Geometry geometry;
  std::string op;
  int batch, threads, rows_per_strip;
  bool with_operator;
  kernels::Context context;
  kernels::ConvShape whole;  // one image, unpadded convolution on the padded source
  int padded_height = 0, padded_width = 0, out_rows = 0, out_columns = 0, row_step = 2, halo = 0;
  Pages padded_source;  // [N, H + 2p, W + 2p, C]
  Pages destination;    // [N, OH, OW, C]
  Pages all_mid;        // layer by layer only: [N, CH, CW, OC]
  memory weights, bias;
  std::vector<Strip> strips;
  std::vector<std::map<int, StripKernels>> kernels;  // [thread][convolution rows]
  std::vector<std::vector<memory>> keep;             // constants in the layouts that kernels want

  std::size_t conv_row_floats() const { return static_cast<std::size_t>(whole.dst[3] * whole.dst[1]); }
  std::size_t out_row_floats() const { return static_cast<std::size_t>(out_columns) * whole.dst[1]; }
  std::size_t source_row_floats() const { return static_cast<std::size_t>(padded_width) * geometry.channels; }

  void make_shapes() {
    bench::Geometry unpadded = geometry;
    unpadded.height = padded_height = geometry.height + 2 * geometry.padding;
    unpadded.width = padded_width = geometry.width + 2 * geometry.padding;
    unpadded.padding = 0;
    whole = bench::geometry_conv(unpadded, 1, 1);
    row_step = row_stride(geometry, op);
    halo = halo_rows(geometry, op);
    out_rows = output_rows(geometry, op);
    const auto columns = static_cast<int>(whole.dst[3]);
    out_columns =
        is_own(geometry, op)
            ? (columns + 2 * geometry.own->padding - geometry.own->window) / geometry.own->stride + 1
            : columns / 2;
  }

  void fill_source() {
    const auto shape = bench::geometry_conv(geometry, batch, 1);
    const auto values = bench::pattern(bench::element_count(shape.src), 1);
    padded_source.assign(static_cast<std::size_t>(batch) * padded_height * source_row_floats(), 0.0F);
    std::size_t index = 0;
    for (int n = 0; n < batch; ++n)
      for (int c = 0; c < geometry.channels; ++c)
        for (int h = 0; h < geometry.height; ++h)
          for (int w = 0; w < geometry.width; ++w, ++index) {
            const auto row = static_cast<std::size_t>(n) * padded_height + h + geometry.padding;
            padded_source[row * source_row_floats() +
                          static_cast<std::size_t>(w + geometry.padding) * geometry.channels + c] =
                values[index];
          }
  }

  void make_strips() {
    const int step = rows_per_strip == 0 ? out_rows : rows_per_strip;
    const auto conv_rows = static_cast<int>(whole.dst[2]);
    for (int begin = 0; begin < out_rows; begin += step) {
      Strip strip;
      strip.out_begin = begin;
      strip.out_end = std::min(begin + step, out_rows);
      strip.conv_begin = std::max(0, begin * row_step - halo);
      // The last strip takes the rows that a window beyond the edge may see.
      strip.conv_end =
          strip.out_end == out_rows ? conv_rows : std::min(conv_rows, strip.out_end * row_step + halo);
      strip.skip = begin - strip.conv_begin / row_step;
      strips.push_back(strip);
    }
  }

  StripKernels::Bound bind(kernels::Kernel kernel, kernels::Arguments known,
                           std::vector<memory>& kept) const {
    StripKernels::Bound bound{kernel.primitive, kernel.native, std::move(known)};
    for (const auto& [argument, md] : kernel.arguments) {
      const auto found = bound.arguments.find(argument);
      if (found == bound.arguments.end()) {
        bound.arguments[argument] = bench::make_memory(context, md);
      } else if (argument == DNNL_ARG_WEIGHTS && found->second.get_desc() != md) {
        auto wanted = bench::make_memory(context, md);
        auto values = bench::read_plain(context, found->second);
        bench::write_plain(context, values, wanted);
        found->second = wanted;
        kept.push_back(wanted);
      }
    }
    return bound;
  }

  StripKernels build(int conv_rows, std::vector<memory>& kept) const {
    auto shape = whole;
    shape.src[2] = (conv_rows - 1) * whole.stride + whole.weights[whole.weights.size() - 2];
    shape.dst[2] = conv_rows;
    shape.padding_r = 0;
    StripKernels strip;
    auto conv = kernels::conv_forward(context, "strip.conv", shape, {kernels::Pass::inference, true, true},
                                      kernels::activation_md(shape.src, context.dtype, context.layout),
                                      kernels::activation_md(shape.dst, context.dtype, context.layout));
    const auto mid_md = conv.arguments.at(DNNL_ARG_DST);
    strip.conv_src = memory(conv.arguments.at(DNNL_ARG_SRC), context.engine, DNNL_MEMORY_NONE);
    strip.mid = bench::make_memory(context, mid_md);
    strip.conv = bind(std::move(conv),
                      {{DNNL_ARG_SRC, strip.conv_src},
                       {DNNL_ARG_WEIGHTS, weights},
                       {DNNL_ARG_BIAS, bias},
                       {DNNL_ARG_DST, strip.mid}},
                      kept);
    auto current = strip.mid;
    for (auto& stage : build_stages(context, geometry, op, mid_md)) {
      auto known = stage.forward_constants;
      known[DNNL_ARG_SRC] = current;
      const auto dst_md = stage.forward.arguments.at(DNNL_ARG_DST);
      current = bench::make_memory(context, dst_md);
      known[DNNL_ARG_DST] = current;
      strip.stages.push_back(bind(std::move(stage.forward), known, kept));
    }
    strip.dst = current;
    strip.out_rows = static_cast<int>(current.get_desc().get_dims()[2]);
    return strip;
  }

  void build_all() {
    const auto weights_values = bench::pattern(bench::element_count(whole.weights), 2);
    const auto bias_values = bench::pattern(static_cast<std::size_t>(whole.dst[1]), 3);
    weights = bench::make_memory(context, kernels::plain_md(whole.weights));
    auto copy = weights_values;
    bench::write_plain(context, copy, weights);
    bias = bench::make_memory(context, kernels::plain_md({whole.dst[1]}));
    copy = bias_values;
    bench::write_plain(context, copy, bias);
    kernels.resize(static_cast<std::size_t>(threads));
    keep.resize(kernels.size());
    for (std::size_t t = 0; t < kernels.size(); ++t) {
      for (const auto& strip : strips) {
        const int rows = strip.conv_end - strip.conv_begin;
        if (!kernels[t].contains(rows)) kernels[t].emplace(rows, build(rows, keep[t]));
      }
    }
    destination.assign(static_cast<std::size_t>(batch) * out_rows * out_row_floats(), 0.0F);
    if (rows_per_strip == 0)
      all_mid.assign(
          static_cast<std::size_t>(batch) * static_cast<std::size_t>(whole.dst[2]) * conv_row_floats(), 0.0F);
  }

  void run_conv(StripKernels& kernel, const Strip& strip, int image, float* mid, dnnl::stream& stream) {
    const auto row = static_cast<std::size_t>(image) * padded_height +
                     static_cast<std::size_t>(strip.conv_begin) * whole.stride;
    kernel.conv_src.set_data_handle(padded_source.data() + row * source_row_floats());
    if (mid != nullptr) kernel.mid.set_data_handle(mid);
    kernel.conv.execute(stream);
  }

  void run_operator(StripKernels& kernel, const Strip& strip, int image, dnnl::stream& stream) {
    auto* good = destination.data() +
                 (static_cast<std::size_t>(image) * out_rows + strip.out_begin) * out_row_floats();
    const bool private_dst = strip.skip != 0 || kernel.out_rows != strip.out_end - strip.out_begin;
    if (!private_dst) kernel.dst.set_data_handle(good);
    for (auto& stage : kernel.stages) stage.execute(stream);
    if (private_dst) {
      const auto* from =
          static_cast<const float*>(kernel.dst.get_data_handle()) + strip.skip * out_row_floats();
      std::memcpy(good, from, (strip.out_end - strip.out_begin) * out_row_floats() * sizeof(float));
    }
  }

  void run_images(int thread, bool conv, bool oper) {
    dnnl::stream stream(context.engine);
    auto& own = kernels[static_cast<std::size_t>(thread)];
    const auto image_floats = static_cast<std::size_t>(whole.dst[2]) * conv_row_floats();
    for (int n = thread; n < batch; n += omp_get_num_threads()) {
      for (const auto& strip : strips) {
        auto& kernel = own.at(strip.conv_end - strip.conv_begin);
        auto* mid = all_mid.empty() ? nullptr : all_mid.data() + static_cast<std::size_t>(n) * image_floats;
        if (conv)
          run_conv(kernel, strip, n, mid, stream);
        else
          kernel.mid.set_data_handle(mid);
        if (oper) run_operator(kernel, strip, n, stream);
      }
    }
  }

  void run() {
    const bool layered = rows_per_strip == 0;
#pragma omp parallel num_threads(threads)
    run_images(omp_get_thread_num(), true, with_operator && !layered);
    if (!layered || !with_operator) return;
#pragma omp parallel num_threads(threads)
    run_images(omp_get_thread_num(), false, true);
  }
};

StripRunner::StripRunner(const bench::Geometry& geometry, const std::string& op, int batch, int threads,
                         int rows_per_strip, bool with_operator)
    : impl_(std::make_unique<Impl>()) {
  if (!is_own(geometry, op) && downsample::downsample_op(op).acts_in_convolution())
    throw UnsupportedError(op + " has no step after its convolution: there is nothing to run in strips");
  impl_->geometry = geometry;
  impl_->op = op;
  impl_->batch = batch;
  impl_->threads = threads;
  impl_->rows_per_strip = rows_per_strip;
  impl_->with_operator = with_operator;
  const int team = kernels::max_threads();
  kernels::set_threads(1);  // primitives are made for one thread: images are what is shared out
  impl_->make_shapes();
  impl_->fill_source();
  impl_->make_strips();
  impl_->build_all();
  kernels::set_threads(team);
}

StripRunner::~StripRunner() = default;

void StripRunner::run() { impl_->run(); }

std::vector<float> StripRunner::destination() const {
  const auto& i = *impl_;
  std::vector<float> plain(i.destination.size());
  const auto channels = static_cast<std::size_t>(i.whole.dst[1]),
             pixels = static_cast<std::size_t>(i.out_rows) * i.out_columns;
  for (std::size_t n = 0; n < static_cast<std::size_t>(i.batch); ++n)
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < channels; ++c)
        plain[(n * channels + c) * pixels + p] = i.destination[(n * pixels + p) * channels + c];
  return plain;
}

double StripRunner::intermediate_bytes() const {
  if (impl_->rows_per_strip == 0)
    return static_cast<double>(impl_->all_mid.size()) * sizeof(float) / impl_->threads;
  int rows = 0;
  for (const auto& strip : impl_->strips) rows = std::max(rows, strip.conv_end - strip.conv_begin);
  return static_cast<double>(rows) * static_cast<double>(impl_->conv_row_floats()) * sizeof(float);
}

int StripRunner::strips_per_image() const { return static_cast<int>(impl_->strips.size()); }

int StripRunner::output_rows(const bench::Geometry& geometry, const std::string& op) {
  const auto rows = static_cast<int>(bench::geometry_conv(geometry, 1, 1).dst[2]);
  if (!is_own(geometry, op)) return rows / 2;
  return (rows + 2 * geometry.own->padding - geometry.own->window) / geometry.own->stride + 1;
}

double StripRunner::intermediate_row_bytes(const bench::Geometry& geometry, const std::string& op) {
  const auto dst = bench::geometry_conv(geometry, 1, 1).dst;
  return static_cast<double>(dst[1] * dst[3] * row_stride(geometry, op)) * sizeof(float);
}

}  // namespace dsx::explain
