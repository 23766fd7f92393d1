#include "kernels/base/counted.hpp"

#include <gtest/gtest.h>

namespace dsx {
namespace {

TEST(Counted, OnlyOneIsSingular) {
  EXPECT_EQ(counted(1, "thread"), "1 thread");
  EXPECT_EQ(counted(0, "thread"), "0 threads");
  EXPECT_EQ(counted(std::size_t{2}, "surplus copy", "surplus copies"), "2 surplus copies");
  EXPECT_EQ(counted(std::size_t{1}, "surplus copy", "surplus copies"), "1 surplus copy");
}

}  // namespace
}  // namespace dsx
