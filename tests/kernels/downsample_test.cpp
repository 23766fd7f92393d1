// Every row of the operator table: forward against its definition, backward as the derivative of the
// definition, in every layout, for even and odd sizes. A new row is tested by being there.
#include "kernels/downsample/downsample.hpp"

#include <gmock/gmock.h>

#include <set>

#include "kernels/base/error.hpp"
#include "tests/reference/operators.hpp"
#include "tests/reference/run_kernel.hpp"

namespace dsx {
namespace {

using namespace reference;

class Downsample : public testing::TestWithParam<std::tuple<std::string, kernels::Layout, int>> {
 protected:
  const downsample::DownsampleOp& op_ = downsample::downsample_op(std::get<0>(GetParam()));
  kernels::Layout layout_ = std::get<1>(GetParam());
  kernels::Context context_ = test_context(layout_);
  dnnl::memory::dims src_dims_{2, 6, std::get<2>(GetParam()), std::get<2>(GetParam())};
  Array src_ = array_of(src_dims_, distinct(12 * std::get<2>(GetParam()) * std::get<2>(GetParam()), 1));

  std::vector<downsample::DownsampleStage> stages(bool training) const {
    return op_.build(context_, "pool1", concrete_md(src_dims_, layout_), training);
  }

  // Through all stages and back; returns the gradient of `x`.
  std::vector<double> backward(const std::vector<double>& x, const std::vector<double>& dy) {
    const auto chain = stages(true);
    std::vector<kernels::Arguments> workspaces(chain.size());
    std::vector<std::vector<double>> between{x};
    for (std::size_t i = 0; i < chain.size(); ++i)
      between.push_back(run_kernel(context_, chain[i].forward, {{DNNL_ARG_SRC, between[i]}}, &workspaces[i],
                                   chain[i].forward_constants)
                            .at(DNNL_ARG_DST));
    auto dx = dy;
    for (std::size_t i = chain.size(); i-- > 0;)
      dx = run_kernel(context_, chain[i].backward_data,
                      {{DNNL_ARG_DIFF_DST, dx}, {DNNL_ARG_SRC, between[i]}, {DNNL_ARG_DST, between[i + 1]}},
                      &workspaces[i], chain[i].backward_constants)
               .at(DNNL_ARG_DIFF_SRC);
    return dx;
  }
};

TEST_P(Downsample, ForwardEqualsDefinition) {
  for (const bool training : {false, true}) {
    auto current = src_.v;
    for (const auto& stage : stages(training)) {
      kernels::Arguments workspace;
      current =
          run_kernel(context_, stage.forward, {{DNNL_ARG_SRC, current}}, &workspace, stage.forward_constants)
              .at(DNNL_ARG_DST);
    }
    // Sums of at most nine multiples of 1/16 of integers: exact in float32.
    expect_near(current, downsampled(op_, src_).v, tolerance(op_, static_cast<double>(src_.v.size())),
                op_.name);
  }
}

TEST_P(Downsample, BackwardIsTheDerivativeOfTheDefinition) {
  auto dy = downsampled(op_, src_);
  dy.v = integers(dy.v.size(), 3);
  expect_near(backward(src_.v, dy.v), downsample_backward(op_, src_, dy).v, tolerance(op_, 3), op_.name);
}

// As a ReLU leaves them: many zeros, many equal values.
TEST_P(Downsample, BackwardChoosesAmongEqualsAsTheDefinitionDoes) {
  const auto x = relu(array_of(src_dims_, integers(src_.v.size(), 5)));
  auto dy = downsampled(op_, x);
  dy.v = integers(dy.v.size(), 3);
  expect_near(backward(x.v, dy.v), downsample_backward(op_, x, dy).v, tolerance(op_, 3), op_.name);
}

// Peers and reports read the object's figures, plans those of the kernels that build() makes.
TEST_P(Downsample, KernelsCostWhatTheObjectSays) {
  kernels::Cost cost;
  for (const auto& stage : stages(false)) cost += stage.forward.cost;
  EXPECT_EQ(cost.flop, op_.flop(src_dims_));
  EXPECT_EQ(cost.min_bytes, op_.min_bytes(src_dims_, dnnl::memory::data_type::f32));
}

TEST_P(Downsample, HalvesEveryImage) {
  const auto chain = stages(false);
  if (op_.acts_in_convolution()) {
    EXPECT_TRUE(chain.empty()) << "the convolution does it";
    return;
  }
  const dnnl::memory::dims expected{2, 6, src_dims_[2] / 2, src_dims_[3] / 2};
  EXPECT_EQ(chain.back().forward.arguments.at(DNNL_ARG_DST).get_dims(), expected);
}

TEST_P(Downsample, BackwardReadsWhatTheTableSays) {
  std::set<int> read;
  for (const auto& stage : stages(true)) {
    for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WORKSPACE})
      if (stage.backward_data.arguments.contains(argument)) read.insert(argument);
    EXPECT_EQ(stage.forward.arguments.contains(DNNL_ARG_WORKSPACE),
              stage.backward_data.arguments.contains(DNNL_ARG_WORKSPACE));
  }
  EXPECT_THAT(op_.backward_reads, testing::UnorderedElementsAreArray(read));
}

INSTANTIATE_TEST_SUITE_P(Table, Downsample,
                         testing::Combine(testing::ValuesIn(operator_names()),
                                          testing::ValuesIn(all_layouts()), testing::Values(12, 13)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param) + "_" +
                                  kernels::to_string(std::get<1>(tested.param)) + "_" +
                                  std::to_string(std::get<2>(tested.param));
                         });

TEST(DownsampleTable, HasTheStudysThreeAndItsControls) {
  EXPECT_THAT(operator_names(),
              testing::IsSupersetOf({"avgpool", "maxpool", "strided", "slice", "blurpool", "maxblurpool"}));
}

TEST(DownsampleTable, NamesTheKnownOperatorsWhenAskedForAnother) {
  try {
    downsample::downsample_op("foo");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("'foo' is not known: use one of avgpool, maxpool"));
  }
}

TEST(Blur, ShadesOnlyTheBorderThatItPads) {
  // Constant images stay constant except where the zero padding reaches in: first row and column of blurpool.
  const auto context = test_context(kernels::Layout::nhwc);
  const dnnl::memory::dims dims{1, 6, 8, 8};
  const auto stages = downsample::downsample_op("blurpool")
                          .build(context, "pool1", concrete_md(dims, kernels::Layout::nhwc), false);
  const auto out = run_kernel(context, stages[0].forward, {{DNNL_ARG_SRC, std::vector<double>(384, 16)}},
                              nullptr, stages[0].forward_constants)
                       .at(DNNL_ARG_DST);
  EXPECT_EQ(out[0], 9);   // corner: (3/4)^2 of 16
  EXPECT_EQ(out[1], 12);  // top edge: 3/4
  for (const int i : {5, 6, 7, 9, 10, 11, 13, 14, 15})
    EXPECT_EQ(out[i], 16) << i;  // inside, right and bottom
}

}  // namespace
}  // namespace dsx
