// In the end the server holds the run's files as they are, whatever was sent before.
#include "study/tracking/artifacts.hpp"

#include <gmock/gmock.h>

#include "tests/tracking/delivery_fixture.hpp"

namespace dsx::tracking {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using Answer = StandInServer::Answer;
using Request = StandInServer::Request;

class TrackingArtifacts : public TrackingDelivery {
 protected:
  // A run that was killed, and marked so while the server was away.
  void record_killed_run() const {
    write("last.h5", "epoch 2");
    std::vector<Json> events = run_events(server_.url(), 2);
    events.pop_back();
    events.push_back(status_record("KILLED", 5000));
    events.push_back(artifact_record("last.h5"));
    record(events);
  }
};

TEST_F(TrackingArtifacts, AResumedRunsFilesReplaceThoseOfTheKilledOne) {
  record_killed_run();
  record({status_record("RUNNING", 6000)});
  Delivery delivery(folder_, credentials_, nullptr);
  while (delivery.step()) {
  }
  EXPECT_EQ(artifact("last.h5"), "epoch 2");
  write("last.h5", "epoch 3");  // of the same size
  record({metrics_record({{"train_loss", 0.1}}, 3, 7000), artifact_record("last.h5"),
          status_record("FINISHED", 8000)});
  while (delivery.step()) {
  }
  EXPECT_EQ(artifact("last.h5"), "epoch 3");
  EXPECT_TRUE(delivery.state().complete());
}

TEST_F(TrackingArtifacts, WhatALaterRecordNamesIsSentOnce) {
  record_killed_run();
  write("last.h5", "epoch 25");
  record({status_record("RUNNING", 6000), artifact_record("last.h5"), status_record("FINISHED", 8000)});
  deliver_all();
  EXPECT_EQ(uploads(), 2U) << "config.yaml and last.h5";
  EXPECT_EQ(artifact("last.h5"), "epoch 25");
}

TEST_F(TrackingArtifacts, AFileThatChangedAfterwardsIsSentAgain) {
  record(run_events(server_.url()));
  deliver_all();
  write("config.yaml", "epochs: 4\n");
  deliver_all();
  EXPECT_EQ(artifact("config.yaml"), "epochs: 4\n");
  EXPECT_EQ(uploads(), 2U);
  deliver_all();
  EXPECT_EQ(uploads(), 2U) << "the same bytes are not sent again";
}

TEST_F(TrackingArtifacts, WhatTheServerLostIsSentAgain) {
  write("tables/small/a.csv", "1,2\n");
  std::vector<Json> events = run_events(server_.url());
  events.insert(events.end() - 1, artifact_record("tables"));
  record(events);
  deliver_all();
  server_.artifacts.erase("1/run/artifacts/tables/small/a.csv");
  server_.artifacts["1/run/artifacts/config.yaml"] = "epo";
  deliver_all();
  EXPECT_EQ(artifact("tables/small/a.csv"), "1,2\n");
  EXPECT_EQ(artifact("config.yaml"), "epochs: 3\n");
  EXPECT_TRUE(state_.complete());
}

TEST_F(TrackingArtifacts, ReadingBackFindsOtherBytesOfTheSameSize) {
  record(run_events(server_.url()));
  deliver_all();
  server_.artifacts["1/run/artifacts/config.yaml"] = "epochs: 9\n";
  deliver_all();
  EXPECT_EQ(artifact("config.yaml"), "epochs: 9\n") << "sizes do not show it";
  deliver_all(20, {.read_back = ReadBack::once});
  EXPECT_EQ(artifact("config.yaml"), "epochs: 3\n");
  EXPECT_TRUE(state_.complete());
  server_.artifacts["1/run/artifacts/config.yaml"] = "epochs: 9\n";
  deliver_all(20, {.read_back = ReadBack::once});
  EXPECT_EQ(artifact("config.yaml"), "epochs: 9\n") << "it was compared once";
  deliver_all(20, {.read_back = ReadBack::always});
  EXPECT_EQ(artifact("config.yaml"), "epochs: 3\n");
}

TEST_F(TrackingArtifacts, AStoreThatGivesOtherBytesBackIsNamed) {
  record(run_events(server_.url()));
  server_.before = [](const Request& request) -> std::optional<Answer> {
    if (request.method == "GET" && request.path.ends_with("config.yaml")) return Answer{200, "something", ""};
    return std::nullopt;
  };
  deliver_all(20, {.read_back = ReadBack::once});
  EXPECT_FALSE(state_.complete());
  EXPECT_THAT(state_.aside, ElementsAre(Pair("artifact config.yaml", HasSubstr("gives back other bytes"))));
  EXPECT_EQ(uploads(), 2U) << "once more, and not for ever";
}

TEST_F(TrackingArtifacts, AFileThatIsGoneHereMayStayThere) {
  record(run_events(server_.url()));
  deliver_all();
  std::filesystem::remove(folder_ / "config.yaml");
  deliver_all(20, {.read_back = ReadBack::always});
  EXPECT_TRUE(state_.complete());
  server_.artifacts.clear();
  deliver_all();
  EXPECT_THAT(state_.aside, ElementsAre(Pair("artifact config.yaml", HasSubstr("nor here any more"))));
}

TEST_F(TrackingArtifacts, FinalMetricsCountOnlyWhenTheRunFinished) {
  record_killed_run();
  record({status_record("RUNNING", 5500), final_metrics_record({{"latency", 1}}, 2, 5600)});
  deliver_all();
  EXPECT_EQ(server_.metrics.size(), 4U) << "how that ends is not known yet";
  record({status_record("RUNNING", 6000), final_metrics_record({{"latency", 2}}, 2, 6600),
          status_record("FINISHED", 7000)});
  deliver_all();
  ASSERT_EQ(server_.metrics.size(), 5U);
  EXPECT_EQ(server_.metrics.back()["value"], 2);
  EXPECT_TRUE(state_.complete());
  EXPECT_THAT(state_.aside, IsEmpty());
}

}  // namespace
}  // namespace dsx::tracking
