#include "study/analysis/result_table.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace dsx {
namespace {

TEST(ResultTable, RefusesRowsThatDoNotFit) {
  analysis::ResultTable table = analysis::make_table("t", "", {"variant", "value"});
  EXPECT_THROW(table.add({"avgpool"}), std::invalid_argument);
  EXPECT_THROW(table.add({1.0, 1.0}), std::invalid_argument);
  EXPECT_THROW(analysis::make_table("t", "", {"no such column"}), std::invalid_argument);
}

}  // namespace
}  // namespace dsx
