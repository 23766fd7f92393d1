#include "study/statistics/proportion.hpp"

#include <cmath>

#include "study/statistics/mcnemar.hpp"
#include "tests/statistics/reference.hpp"

namespace {

using namespace dsx;
using dsx_test::expect_interval;
using dsx_test::kAgreement;
using dsx_test::reference;

TEST(Proportion, AgreesWithStatsmodels) {
  for (const auto& row : reference().at("proportions")) {
    SCOPED_TRACE(row.dump());
    const statistics::IntervalOptions options{row.at("confidence")};
    expect_interval(statistics::wilson(row.at("hits"), row.at("count"), options), row.at("wilson"));
    expect_interval(statistics::clopper_pearson(row.at("hits"), row.at("count"), options),
                    row.at("clopper_pearson"));
  }
}

TEST(PairedDifference, AgreesWithTheLikelihoodAndStatsmodels) {
  for (const auto& row : reference().at("paired_tables")) {
    SCOPED_TRACE(row.dump());
    const statistics::PairedCounts counts{row.at("both"), row.at("a_only"), row.at("b_only"),
                                          row.at("neither")};
    EXPECT_NEAR(statistics::mcnemar_p(counts), row.at("exact_p").get<double>(), kAgreement);
    EXPECT_NEAR(statistics::mcnemar_p(counts, statistics::McNemar::mid_p), row.at("mid_p").get<double>(),
                kAgreement);
    expect_interval(statistics::paired_difference(counts), row.at("tango"));
    expect_interval(statistics::paired_difference(counts, {}, statistics::PairedInterval::newcombe),
                    row.at("newcombe"));
  }
}

TEST(PairedDifference, WithoutDiscordantPairsIsNotCertain) {
  const auto e = statistics::paired_difference({40, 0, 0, 60});
  EXPECT_EQ(e.value, 0);
  EXPECT_EQ(e.p, 1);
  const double z2 = 1.959963984540054 * 1.959963984540054;
  EXPECT_NEAR(e.high, z2 / (100 + z2), 1e-9);  // Tango's closed form for no discordant pair
  EXPECT_NEAR(e.low, -e.high, 1e-9);
  EXPECT_GT(e.se, 0);
}

TEST(PairedDifference, IsAntisymmetric) {
  for (const auto kind : {statistics::PairedInterval::tango, statistics::PairedInterval::newcombe}) {
    const auto ab = statistics::paired_difference({20, 12, 2, 16}, {}, kind),
               ba = statistics::paired_difference({20, 2, 12, 16}, {}, kind);
    EXPECT_NEAR(ab.low, -ba.high, 1e-12);
    EXPECT_NEAR(ab.high, -ba.low, 1e-12);
  }
}

TEST(Proportion, RefusesTooLittle) {
  EXPECT_EQ(statistics::wilson(0, 0).not_estimable, "no images");
  EXPECT_EQ(statistics::wilson(0, 0, {0.95, 0}).not_estimable, "no images");
  EXPECT_EQ(statistics::wilson(3, 9).not_estimable, "only 9 images, at least 10 needed");
  EXPECT_TRUE(std::isnan(statistics::clopper_pearson(3, 9).low));
  EXPECT_FALSE(statistics::paired_difference({2, 2, 2, 2}).estimable());
  EXPECT_THROW(statistics::wilson(4, 3), std::invalid_argument);
}

TEST(BySubject, RepeatedImagesWidenTheInterval) {
  std::vector<std::uint8_t> hits;
  std::vector<std::uint32_t> subject;
  for (std::uint32_t s = 0; s < 40; ++s)
    for (int k = 0; k < 5; ++k) hits.push_back(s % 4 != 0), subject.push_back(s);
  const auto clustered = statistics::proportion_by_subject(hits, subject);
  // Five copies of each answer are worth one: 30 of 40.
  const auto alone = statistics::wilson(30, 40);
  EXPECT_NEAR(clustered.value, alone.value, 1e-12);
  EXPECT_NEAR(clustered.high - clustered.low, alone.high - alone.low, 0.02);
  EXPECT_GT(clustered.high - clustered.low,
            1.9 * (statistics::wilson(150, 200).high - statistics::wilson(150, 200).low));
}

TEST(BySubject, AllOrNoHitsCountSubjects) {
  std::vector<std::uint8_t> hits(60, 1);
  std::vector<std::uint32_t> subject(60);
  for (std::uint32_t i = 0; i < 60; ++i) subject[i] = i / 5;
  const auto e = statistics::proportion_by_subject(hits, subject);
  EXPECT_EQ(e.high, 1);
  const double t = statistics::t_quantile(0.975, 11);
  EXPECT_NEAR(e.low, 12 / (12 + t * t), 1e-12);
  const auto same = statistics::paired_difference_by_subject(hits, hits, subject);
  EXPECT_EQ(same.p, 1);
  EXPECT_NEAR(same.high, t * t / (12 + t * t), 1e-9);
}

TEST(BySubject, RefusesFewSubjects) {
  std::vector<std::uint8_t> hits(60, 1);
  std::vector<std::uint32_t> subject(60);
  for (std::uint32_t i = 0; i < 60; ++i) subject[i] = i / 10;
  EXPECT_EQ(statistics::proportion_by_subject(hits, subject).not_estimable,
            "only 6 subjects, at least 10 needed");
  EXPECT_FALSE(statistics::paired_difference_by_subject(hits, hits, subject).estimable());
}

}  // namespace
