// Lists of a sweep, its cells, and the seeds of each use.
#include "study/sweep/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "kernels/base/error.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/run_data.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/sweep/estimate.hpp"
#include "tests/study/error_of.hpp"

namespace dsx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Seeds = std::vector<std::uint64_t>;

TEST(SweepLists, SeedsAreACountAListOrARange) {
  EXPECT_EQ(sweep::seeds_from_text("3", "--seeds"), (Seeds{1, 2, 3}));
  EXPECT_EQ(sweep::seeds_from_text("4,2", "--seeds"), (Seeds{4, 2}));
  EXPECT_EQ(sweep::seeds_from_text("3-5, 9", "--seeds"), (Seeds{3, 4, 5, 9}));
  EXPECT_EQ(sweep::seeds_from_text("7-7", "--seeds"), (Seeds{7}));
  for (const char* bad :
       {"", "0", "1,,2", "a", "3-1", "1.5", "-1", "1,", "99999999999999999999", "1-100000", "1-"})
    EXPECT_THAT(error_of([&] { sweep::seeds_from_text(bad, "--seeds"); }), HasSubstr("--seeds: ")) << bad;
  EXPECT_THAT(error_of([] { sweep::seeds_from_text("1,2,1", "--seeds"); }), HasSubstr("1 is given twice"));
}

TEST(SweepLists, RatesAndWordsAreChecked) {
  EXPECT_THAT(sweep::rates_from_text("0,0.1, .5", "--label-noise"), ElementsAre(0, 0.1, 0.5));
  for (const char* bad : {"", "0.6", "-0.1", "x", "nan", "0.1;0.2"})
    EXPECT_THAT(error_of([&] { sweep::rates_from_text(bad, "--label-noise"); }), HasSubstr("--label-noise: "))
        << bad;
  EXPECT_THAT(error_of([] { sweep::rates_from_text("0,-0", "--label-noise"); }),
              HasSubstr("0 is given twice"));
  EXPECT_THAT(sweep::words_from_text("b,a", "--x", {"a", "b"}), ElementsAre("b", "a"));
  EXPECT_THAT(error_of([] {
                sweep::words_from_text("avgpol", "--variants", {"avgpool", "strided"});
              }),
              HasSubstr("did you mean 'avgpool'?"));
}

TEST(SweepCells, AreEveryCombinationWithOneCleanCellForAllKinds) {
  sweep::Sweep sweep;
  sweep.variants = {"avgpool", "strided"};
  sweep.seeds = {1, 2, 3};
  sweep.rates = {0, 0.1, 0.2};
  sweep.noise_kinds = {"symmetric", "instance"};
  EXPECT_EQ(sweep::cells_of(sweep).size(), 2U * 3 * (1 + 2 * 2));
  sweep.noise_seeds = {1};
  const std::vector<sweep::CellSpec> cells = sweep::cells_of(sweep);
  EXPECT_EQ(cells.size(), 2U * 3 + 2U * 1 * 2 * 2);
  std::set<std::string> names;
  for (const sweep::CellSpec& cell : cells) names.insert(sweep::name_of(cell));
  EXPECT_EQ(names.size(), cells.size()) << "each has a folder of its own";
  EXPECT_TRUE(names.count("avgpool-seed1-clean") && names.count("strided-seed1-instance0.2"));
}

TEST(SweepCells, FlagsReadBackToTheSameSettings) {
  sweep::Sweep sweep;
  sweep.base.data = "/tmp/a b's \"data\"";
  sweep.base.mean = -0.25;
  sweep.base.equalize = true;
  sweep.base.seed_order = 12;
  sweep.base.lr = 0.1 + 0.2;
  sweep.base.threads = 3;
  const settings::Settings settings =
      sweep::settings_of(sweep, {"maxpool", 5, "instance", 0.3}, "/tmp/sweep folder");
  const settings::CommandLine line = settings::parse_command_line(sweep::flags_of(settings), {});
  for (const settings::Field& field : settings::setting_fields())
    EXPECT_EQ(settings::value_text(line.settings, field), settings::value_text(settings, field)) << field.key;
  EXPECT_EQ(line.settings.out, "/tmp/sweep folder/cells");
  EXPECT_EQ(line.settings.noise_kind, "instance");
}

TEST(Seeds, EachUseFollowsTheMasterUntilItHasItsOwn) {
  const std::vector<std::pair<settings::SeedUse, std::int64_t settings::Settings::*>> uses = {
      {settings::SeedUse::initialisation, &settings::Settings::seed_initialisation},
      {settings::SeedUse::order, &settings::Settings::seed_order},
      {settings::SeedUse::augmentation, &settings::Settings::seed_augmentation},
      {settings::SeedUse::noise, &settings::Settings::seed_noise},
      {settings::SeedUse::split, &settings::Settings::seed_split}};
  settings::Settings one, two;
  two.seed = 2;
  std::set<std::uint64_t> different;
  for (const auto& [use, member] : uses) {
    different.insert(settings::seed_for(one, use));
    EXPECT_NE(settings::seed_for(one, use), settings::seed_for(two, use));
    settings::Settings own = two;
    own.*member = 1;
    for (const auto& [other, ignored] : uses)
      EXPECT_EQ(settings::seed_for(own, other), settings::seed_for(other == use ? one : two, other));
  }
  EXPECT_EQ(different.size(), uses.size()) << "uses do not share random numbers";
}

TEST(SeedsLoader, AugmentationHasASeedOfItsOwn) {
  settings::Settings settings;
  settings.seed_augmentation = 5;
  const data::LoaderOptions a = settings::training_loader(settings),
                            b = settings::training_loader(settings::Settings{});
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_NE(a.augment_seed, b.augment_seed);
}

TEST(Estimate, PrefersWhatCellsTookOverTheProbe) {
  sweep::Estimator estimator;
  EXPECT_FALSE(estimator.knows("avgpool"));
  estimator.add_probed("avgpool", 0.01);
  estimator.add_overhead(2);
  EXPECT_TRUE(estimator.knows("avgpool"));
  EXPECT_NEAR(estimator.seconds("avgpool", 100, 5), 0.01 * 500 + 2, 1e-9);
  estimator.add_measured("avgpool", 30, 1000);
  estimator.add_measured("avgpool", 10, 1000);
  EXPECT_NEAR(estimator.seconds("avgpool", 100, 5), 0.02 * 500 + 2, 1e-9);
  EXPECT_NEAR(estimator.seconds("other", 100, 5), 2, 1e-9) << "nothing is known but the rest";
}

}  // namespace
}  // namespace dsx
