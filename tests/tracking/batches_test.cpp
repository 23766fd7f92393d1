// MLflow's limits, and that nothing is lost when they are met.
#include "study/tracking/batches.hpp"

#include <gmock/gmock.h>

#include <set>

#include "study/tracking/backoff.hpp"

namespace dsx::tracking {
namespace {

Batches made_of(const std::vector<Json>& events) {
  std::vector<Record> records;
  for (const Json& event : events) records.push_back({records.size() + 1, event});
  return batches_of(records);
}

Texts texts(int count, std::size_t length) {
  Texts result;
  for (int i = 0; i < count; ++i) result["key" + std::to_string(i)] = std::string(length, 'v');
  return result;
}

// Every limit of a request, as the server checks it.
void expect_within_limits(const Batches& batches) {
  for (const Batch& batch : batches.batches) {
    EXPECT_LE(batch.metrics.size(), 1000U);
    EXPECT_LE(batch.params.size(), 100U);
    EXPECT_LE(batch.tags.size(), 100U);
    EXPECT_LE(batch.entries(), 1000U);
    EXPECT_GT(batch.entries(), 0U);
    EXPECT_LE(batch.body(std::string(64, 'r')).dump().size(), 1'000'000U);
  }
}

TEST(TrackingBatches, ManyMetricsAreSplitAndComplete) {
  std::vector<Json> events;
  for (int step = 0; step < 1300; ++step)
    events.push_back(metrics_record({{"a", step}, {"b", step}}, step, step));
  const Batches batches = made_of(events);
  expect_within_limits(batches);
  std::set<std::pair<std::string, std::int64_t>> seen;
  for (const Batch& batch : batches.batches)
    for (const Json& metric : batch.metrics) seen.emplace(metric["key"], metric["step"]);
  EXPECT_EQ(seen.size(), 2600U);
  EXPECT_EQ(batches.batches.size(), 3U);
}

TEST(TrackingBatches, ParamsAndTagsHaveLimitsOfTheirOwn) {
  const Batches batches = made_of({params_record(texts(230, 10)), tags_record(texts(120, 10))});
  expect_within_limits(batches);
  std::size_t params = 0, tags = 0;
  for (const Batch& batch : batches.batches) {
    params += batch.params.size();
    tags += batch.tags.size();
  }
  EXPECT_EQ(params, 230U);
  EXPECT_EQ(tags, 120U);
}

TEST(TrackingBatches, ARequestStaysBelowAMegabyte) {
  std::vector<Json> events;
  for (int i = 0; i < 4; ++i) {
    Texts tags;
    for (const auto& [key, value] : texts(99, 7900)) tags[key + "_" + std::to_string(i)] = value;
    events.push_back(tags_record(tags));
  }
  expect_within_limits(made_of(events));
}

TEST(TrackingBatches, LongTextIsCutAtACharacterAndCounted) {
  const std::string accents = "\xc3\xa9";  // two bytes
  std::string value;
  while (value.size() < 9000) value += accents;
  const Batches batches =
      made_of({params_record({{std::string(300, 'k'), value}}), tags_record({{"t", "x" + value}})});
  const Batch& batch = batches.batches.at(0);
  EXPECT_EQ(batch.params[0]["key"].get<std::string>().size(), 250U);
  EXPECT_EQ(batch.params[0]["value"].get<std::string>().size(), 6000U);
  EXPECT_EQ(batch.tags[0]["value"].get<std::string>().size(), 7999U) << "not within a character";
  EXPECT_EQ(batches.shortened, 3U);
}

TEST(TrackingBatches, KeysHoldOnlyWhatMlflowTakes) {
  const Batches batches = made_of({metrics_record({{"a b/c.d-e_f:g", 1}, {"x%(y)", 2}}, 0, 0)});
  std::set<std::string> keys;
  for (const Json& metric : batches.batches.at(0).metrics) keys.insert(metric["key"].get<std::string>());
  EXPECT_EQ(keys, (std::set<std::string>{"a b/c.d-e_f:g", "x__y_"}));
}

TEST(TrackingBackoff, DoublesWithinAMinuteAndObeysTheServer) {
  Backoff backoff(7);
  double full = Backoff::kFirst_s;
  for (int i = 0; i < 12; ++i, full = std::min(2 * full, Backoff::kMost_s)) {
    const double wait = backoff.next_s();
    EXPECT_GE(wait, full / 2);
    EXPECT_LE(wait, full);
  }
  EXPECT_GE(backoff.next_s(90), 90);
  EXPECT_LE(backoff.next_s(1e9), Backoff::kMostAsked_s);
  backoff.succeeded();
  EXPECT_LE(backoff.next_s(), Backoff::kFirst_s);
}

TEST(TrackingBackoff, TwoRunsDoNotComeBackTogether) {
  Backoff a(1), b(2);
  EXPECT_NE(a.next_s(), b.next_s());
}

}  // namespace
}  // namespace dsx::tracking
