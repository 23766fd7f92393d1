// Every row of the operator table: forward against its definition, backward as the derivative of the
// definition, in every layout, for even and odd sizes. A new row is tested by being there (and by its
// definition in tests/reference).
#include "kernels/downsample/downsample.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "tests/reference/run_kernel.hpp"

namespace dsx {
namespace {

using namespace reference;

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const auto& op : downsample::downsample_table()) result.push_back(op.name);
  return result;
}

class Downsample : public testing::TestWithParam<std::tuple<std::string, kernels::Layout, int>> {
 protected:
  const downsample::DownsampleOp& op_ = downsample::downsample_op(std::get<0>(GetParam()));
  kernels::Layout layout_ = std::get<1>(GetParam());
  kernels::Context context_ = test_context(layout_);
  dnnl::memory::dims src_dims_{2, 6, std::get<2>(GetParam()), std::get<2>(GetParam())};
  Array src_ = array_of(src_dims_, distinct(12 * std::get<2>(GetParam()) * std::get<2>(GetParam()), 1));
};

TEST_P(Downsample, ForwardEqualsDefinition) {
  for (const bool training : {false, true}) {
    auto current = src_.v;
    for (const auto& stage : op_.build(context_, "pool1", concrete_md(src_dims_, layout_), training)) {
      kernels::Arguments workspace;
      current =
          run_kernel(context_, stage.forward, {{DNNL_ARG_SRC, current}}, &workspace, stage.forward_constants)
              .at(DNNL_ARG_DST);
    }
    // Sums of at most nine multiples of 1/16 of integers: exact in float32.
    expect_equal(current, reference::downsample(op_.name, src_).v, op_.name);
  }
}

TEST_P(Downsample, BackwardIsTheDerivativeOfTheDefinition) {
  std::vector<downsample::DownsampleStage> stages =
      op_.build(context_, "pool1", concrete_md(src_dims_, layout_), true);
  std::vector<kernels::Arguments> workspaces(stages.size());
  auto current = src_.v;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    current = run_kernel(context_, stages[i].forward, {{DNNL_ARG_SRC, current}}, &workspaces[i],
                         stages[i].forward_constants)
                  .at(DNNL_ARG_DST);
  }
  const auto dy = integers(current.size(), 3);
  auto dx = dy;
  for (std::size_t i = stages.size(); i-- > 0;) {
    dx = run_kernel(context_, stages[i].backward_data, {{DNNL_ARG_DIFF_DST, dx}}, &workspaces[i],
                    stages[i].backward_constants)
             .at(DNNL_ARG_DIFF_SRC);
  }
  // All operators are piecewise linear: a difference quotient smaller than the gaps between values is exact.
  for (std::size_t i = 0; i < src_.v.size(); i += 7) {
    auto moved = src_;
    moved.v[i] += 0.25;
    const auto before = reference::downsample(op_.name, src_).v,
               after = reference::downsample(op_.name, moved).v;
    double derivative = 0;
    for (std::size_t j = 0; j < dy.size(); ++j) derivative += dy[j] * (after[j] - before[j]) / 0.25;
    ASSERT_NEAR(dx[i], derivative, 1e-9) << op_.name << " at " << i;
  }
}

TEST_P(Downsample, HalvesEveryImage) {
  const auto stages = op_.build(context_, "pool1", concrete_md(src_dims_, layout_), false);
  if (op_.conv_stride == 2) {
    EXPECT_TRUE(stages.empty()) << "the convolution does it";
    return;
  }
  const dnnl::memory::dims expected{2, 6, src_dims_[2] / 2, src_dims_[3] / 2};
  EXPECT_EQ(stages.back().forward.arguments.at(DNNL_ARG_DST).get_dims(), expected);
}

TEST_P(Downsample, KeepsAWorkspaceExactlyWhenTheTableSaysSo) {
  bool workspace = false;
  for (const auto& stage : op_.build(context_, "pool1", concrete_md(src_dims_, layout_), true)) {
    workspace = workspace || stage.forward.arguments.count(DNNL_ARG_WORKSPACE) != 0;
  }
  EXPECT_EQ(workspace, op_.needs_workspace);
}

INSTANTIATE_TEST_SUITE_P(Table, Downsample,
                         testing::Combine(testing::ValuesIn(names()), testing::ValuesIn(all_layouts()),
                                          testing::Values(12, 13)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param) + "_" +
                                  kernels::to_string(std::get<1>(tested.param)) + "_" +
                                  std::to_string(std::get<2>(tested.param));
                         });

TEST(DownsampleTable, HasTheStudysThreeAndItsControls) {
  EXPECT_THAT(names(),
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
