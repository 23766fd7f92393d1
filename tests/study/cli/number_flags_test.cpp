#include "study/cli/number_flags.hpp"

#include <gmock/gmock.h>

#include "kernels/base/number_text.hpp"
#include "study/cli/flags.hpp"
#include "tests/study/error_of.hpp"

namespace dsx {
namespace {

namespace po = boost::program_options;

po::variables_map given_flags(const std::vector<std::string>& args) {
  cli::FlagSyntax syntax;
  syntax.command = "report";
  for (const char* flag : {"seeds", "ratio"}) syntax.flags.add_options()(flag, po::value<std::string>(), "");
  return cli::parse_flags(args, syntax).values;
}

TEST(NumberFlags, AreReadWithinTheirRangeAndHaveADefault) {
  const po::variables_map given = given_flags({"--seeds", "12", "--ratio", "2.5"});
  EXPECT_EQ(cli::count_flag(given, "seeds", 3, 1, 12), 12U);
  EXPECT_EQ(cli::positive_flag(given, "ratio", 5, 1000), 2.5);
  EXPECT_EQ(cli::count_flag(given_flags({}), "seeds", 3, 1), 3U);
  EXPECT_EQ(cli::positive_flag(given_flags({}), "ratio", 5, 1000), 5);
}

TEST(NumberFlags, SayWhatWouldFit) {
  for (const char* wrong : {"0", "13", "2x", "-1", " 2", "2.5", "99999999999999999999"})
    EXPECT_EQ(
        error_of([&] { cli::count_flag(given_flags({std::string("--seeds=") + wrong}), "seeds", 3, 1, 12); }),
        std::string("--seeds: expected an integer from 1 to 12, got '") + wrong + "'");
  EXPECT_EQ(error_of([] { cli::count_flag(given_flags({"--seeds=0"}), "seeds", 3, 1); }),
            "--seeds: expected an integer of at least 1, got '0'");
  for (const char* wrong : {"0", "-1", "nan", "inf", "1001", "1,5", "5 "})
    EXPECT_EQ(error_of([&] {
                cli::positive_flag(given_flags({std::string("--ratio=") + wrong}), "ratio", 5, 1000);
              }),
              std::string("--ratio: expected a number above 0, at most 1000, got '") + wrong + "'");
}

TEST(NumberFlags, ReadTimesAsPeopleWriteThem) {
  const auto read = [](const char* text) { return cli::seconds_of_flag("budget", text, 5, 86400); };
  EXPECT_DOUBLE_EQ(read("10m"), 600);
  EXPECT_DOUBLE_EQ(read("90s"), 90);
  EXPECT_DOUBLE_EQ(read("90"), 90);
  EXPECT_DOUBLE_EQ(read("1h30m"), 5400);
  EXPECT_DOUBLE_EQ(read("2.5M"), 150);
  EXPECT_DOUBLE_EQ(cli::seconds_of_flag("budget", "4h"), 14400);
  for (const char* wrong : {"", "m", "10x", "-5m", "1s", "25h", "10 m", "nan", "inf", "1e3"})
    EXPECT_EQ(error_of([&] { read(wrong); }),
              std::string("--budget: expected a time such as 4h, 90m or 1h30m, from 5 s to 24 h, got '") +
                  wrong + "'");
  EXPECT_EQ(error_of([] { cli::seconds_of_flag("budget", "0"); }),
            "--budget: expected a time such as 4h, 90m or 1h30m, got '0'");
}

TEST(NumberText, IsTheWholeTextOrNothing) {
  EXPECT_EQ(number_from_text<int>("-12"), -12);
  EXPECT_EQ(number_from_text<double>("1e3"), 1000);
  for (const char* wrong : {"", " 1", "1 ", "1x", "+1", "2147483648"})
    EXPECT_FALSE(number_from_text<int>(wrong)) << wrong;
  EXPECT_FALSE(number_from_text<unsigned>("-1"));
}

}  // namespace
}  // namespace dsx
