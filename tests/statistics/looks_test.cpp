#include "study/statistics/looks.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace {

using dsx::statistics::looks_between;

TEST(Looks, RiseByOneFactorAndEndAtTheMost) {
  EXPECT_EQ(looks_between(3, 20), (std::vector<std::size_t>{3, 6, 11, 20}));
  EXPECT_EQ(looks_between(5, 5), (std::vector<std::size_t>{5}));
  EXPECT_EQ(looks_between(8, 5), (std::vector<std::size_t>{8}));
  EXPECT_EQ(looks_between(3, 4), (std::vector<std::size_t>{3, 4}));
  EXPECT_THROW(looks_between(0, 5), std::invalid_argument);
}

}  // namespace
