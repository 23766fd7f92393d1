// Which team is chosen from which facts, what a team really is, and oneDNN's modes.
#include "kernels/onednn/team.hpp"

#include <gmock/gmock.h>
#include <omp.h>

#include <cstdlib>
#include <dnnl.hpp>

#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "kernels/onednn/modes.hpp"
#include "kernels/onednn/verbose.hpp"

namespace dsx {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Team, IsAllCpusUnlessTheEnvironmentSaysOtherwise) {
  EXPECT_EQ(kernels::choose_team({.cpus = 4}, 4).threads, 4);
  EXPECT_EQ(kernels::choose_team({.cpus = 4}, 4).note, "");
  const auto fewer = kernels::choose_team({.cpus = 4, .from_environment = 3}, 4);
  EXPECT_EQ(fewer.threads, 3);
  EXPECT_THAT(fewer.note, HasSubstr("OMP_NUM_THREADS=3: 3 threads"));
  const auto more = kernels::choose_team({.cpus = 4, .from_environment = 9}, 4);
  EXPECT_EQ(more.threads, 4);
  EXPECT_THAT(more.note, HasSubstr("OMP_NUM_THREADS=9 is more than the 4 CPUs"));
}

TEST(Team, FitsThePlacesThatOpenMpIsKeptTo) {
  const auto bound = kernels::choose_team({.cpus = 4, .in_places = 1, .places_by = "OMP_PLACES={0}"}, 4);
  EXPECT_EQ(bound.threads, 1);
  EXPECT_THAT(bound.note,
              HasSubstr("OMP_PLACES={0} leaves OpenMP 1 of the 4 CPUs of this process: 1 thread"));
  EXPECT_EQ(kernels::choose_team({.cpus = 2, .in_places = 2}, 2).note, "")
      << "OMP_PROC_BIND=true: all of them";
}

TEST(Team, SaysThatAQuotasFractionIsNotUsed) {
  EXPECT_THAT(kernels::choose_team({.cpus = 1, .quota = 1.5}, 1).note,
              HasSubstr("allows 1.5 CPUs: 1 thread"));
  EXPECT_EQ(kernels::choose_team({.cpus = 2, .quota = 2}, 2).note, "");
  EXPECT_EQ(kernels::choose_team({.cpus = 2, .quota = 8}, 2).note, "");
}

TEST(Team, ReadsTheFirstNumberOfOmpNumThreads) {
  const char* before = std::getenv("OMP_NUM_THREADS");
  const std::string kept = before == nullptr ? "" : before;
  for (const auto& [text, number] : std::vector<std::pair<std::string, int>>{
           {"3", 3}, {" 2 ", 2}, {"4,2", 4}, {"many", 0}, {"0", 0}, {"-1", 0}, {"2x", 0}, {"", 0}}) {
    ::setenv("OMP_NUM_THREADS", text.c_str(), 1);
    EXPECT_EQ(kernels::team_facts().from_environment, number) << text;
  }
  kept.empty() ? ::unsetenv("OMP_NUM_THREADS") : ::setenv("OMP_NUM_THREADS", kept.c_str(), 1);
}

TEST(Team, IsCountedAndRefusedWhenItWouldBeSmaller) {
  EXPECT_EQ(kernels::measured_team(2), 2);
  const int levels = omp_get_max_active_levels();
  omp_set_max_active_levels(0);  // as OMP_MAX_ACTIVE_LEVELS=0: every region is serial
  EXPECT_EQ(kernels::measured_team(3), 1);
  EXPECT_EQ(kernels::team_limit(3).threads, 1);
  EXPECT_THAT(kernels::team_limit(3).reason, HasSubstr("OMP_MAX_ACTIVE_LEVELS=0"));
  constexpr int kNeverSetBefore = 37;
  try {
    kernels::set_threads(kNeverSetBefore);
    ADD_FAILURE() << "not refused";
  } catch (const UnsupportedError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("1 thread where 37"), HasSubstr("OMP_MAX_ACTIVE_LEVELS=0")));
  }
  omp_set_max_active_levels(levels);
  kernels::set_threads(omp_get_num_procs());
}

TEST(Modes, FloatStaysFloatWhateverTheEnvironmentSays) {
  ::setenv("ONEDNN_DEFAULT_FPMATH_MODE", "BF16", 1);
  EXPECT_THAT(kernels::pin_onednn_modes(),
              ElementsAre(HasSubstr("ONEDNN_DEFAULT_FPMATH_MODE=BF16 is not followed")));
  EXPECT_EQ(dnnl::get_default_fpmath_mode(), dnnl::fpmath_mode::strict);
  ::setenv("ONEDNN_DEFAULT_FPMATH_MODE", "strict", 1);
  EXPECT_THAT(kernels::pin_onednn_modes(), IsEmpty());
  ::unsetenv("ONEDNN_DEFAULT_FPMATH_MODE");
  ::setenv("DNNL_MAX_CPU_ISA", "AVX2", 1);
  EXPECT_EQ(kernels::numeric_mode_variables(), "DNNL_MAX_CPU_ISA=AVX2");
  ::unsetenv("DNNL_MAX_CPU_ISA");
}

TEST(VerboseFilter, PartsLinesInWhateverPiecesTheyCome) {
  const std::string all =
      "{\"a\": 1,\nonednn_verbose,info,oneDNN v3.2.0\n\n "
      "one\nonednn\ndnnl_verbose,exec\nonednn_verbose_not\nlast";
  for (const std::size_t piece : {1U, 2U, 7U, 1000U}) {
    kernels::VerboseFilter filter;
    std::string results, verbose;
    for (std::size_t at = 0; at < all.size(); at += piece) {
      const auto parts = filter.take(std::string_view(all).substr(at, piece));
      results += parts.results;
      verbose += parts.verbose;
    }
    EXPECT_EQ(results, "{\"a\": 1,\n\n one\nonednn\nonednn_verbose_not\nlast") << piece;
    EXPECT_EQ(verbose, "onednn_verbose,info,oneDNN v3.2.0\ndnnl_verbose,exec\n") << piece;
  }
}

}  // namespace
}  // namespace dsx
