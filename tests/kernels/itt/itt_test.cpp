// Each step is a task of VTune's when a collector is there, and nothing at all when it is not.
#include <gmock/gmock.h>
#include <ittnotify.h>

#include <cstdlib>

#include "kernels/onednn/kernel.hpp"

namespace dsx {
namespace {

kernels::Step native_step(const std::string& name, kernels::Phase phase, const std::function<void()>& run) {
  kernels::Step step;
  step.name = step.layer = name;
  step.phase = phase;
  step.kernel.native = [run](const kernels::Arguments&) { run(); };
  return step;
}

TEST(IttRegions, AreTasksAroundEachStepUnderACollector) {
  dnnl::stream stream;  // native steps use none
  const auto ran = [](const char* what) { return [what] { itt_calls().emplace_back(what); }; };
  native_step("conv1", kernels::Phase::forward, ran("conv1 runs")).execute(stream);
  native_step("fc1.backward_data", kernels::Phase::backward, ran("fc1 runs")).execute(stream);
  const auto broken = native_step("sgd", kernels::Phase::update, [] { throw std::runtime_error("broken"); });
  EXPECT_THROW(broken.execute(stream), std::runtime_error);
  if (std::getenv("INTEL_LIBITTNOTIFY64") != nullptr) {
    EXPECT_THAT(itt_calls(), testing::ElementsAre("domain DownScaleXR", "begin conv1 forward", "conv1 runs",
                                                  "end", "begin fc1.backward_data backward", "fc1 runs",
                                                  "end", "begin sgd update", "end"));
  } else {
    EXPECT_THAT(itt_calls(), testing::ElementsAre("conv1 runs", "fc1 runs"));
  }
}

}  // namespace
}  // namespace dsx
