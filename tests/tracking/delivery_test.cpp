// Whatever happens between journal and server, each point, parameter, input and run is there once in the end.
#include "study/tracking/delivery.hpp"

#include <gmock/gmock.h>

#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "study/tracking/sender.hpp"
#include "tests/tracking/delivery_fixture.hpp"

namespace dsx::tracking {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using Answer = StandInServer::Answer;
using Request = StandInServer::Request;

TEST_F(TrackingDelivery, EverythingArrivesOnce) {
  record(run_events(server_.url()));
  EXPECT_TRUE(deliver_all().empty());
  expect_whole_run();
  EXPECT_EQ(server_.inputs[0]["digest"].get<std::string>().size(), 36U) << "MLflow keeps no more";
  EXPECT_EQ(server_.tags.at("mlflow.runName"), "a run");
  EXPECT_TRUE(state_.complete());
  const std::size_t requests = server_.requests.size();
  EXPECT_TRUE(deliver_all().empty());
  EXPECT_TRUE(state_.complete());
  for (std::size_t i = requests; i < server_.requests.size(); ++i)
    EXPECT_EQ(server_.requests[i].method, "GET") << "it only asks whether all is there";
  expect_whole_run();
}

TEST_F(TrackingDelivery, WithoutItsCursorTheServerIsAsked) {
  record(run_events(server_.url(), 450));  // several chunks
  deliver_all();
  std::filesystem::remove(folder_ / "tracking.sent.json");
  deliver_all();
  expect_whole_run(450);
}

TEST_F(TrackingDelivery, ADamagedCursorCountsAsNone) {
  record(run_events(server_.url()));
  deliver_all();
  std::ofstream(folder_ / "tracking.sent.json") << "{\"servers\": 5";
  deliver_all();
  expect_whole_run();
}

// Every answer, one after the other, is lost after the server has done its work.
TEST_F(TrackingDelivery, ALostAnswerGivesNoDuplicate) {
  record(run_events(server_.url()));
  std::map<std::string, int> seen;
  server_.after = [&](const Request& request, Answer& answer) {
    if (request.method != "GET") answer.lost = seen[request.path]++ == 0;
  };
  const std::vector<std::string> errors = deliver_all();
  EXPECT_GE(errors.size(), 6U) << "experiment, search, run, batch, input, artifact, status";
  expect_whole_run();
}

// As a SIGKILL between the answer and the cursor: the last written cursor is older than what arrived.
TEST_F(TrackingDelivery, AKilledSenderRepeatsNothing) {
  record(run_events(server_.url()));
  std::string cursor;
  {
    Delivery delivery(folder_, credentials_, nullptr);
    while (server_.metrics.empty()) {
      cursor = slurp(folder_ / "tracking.sent.json");
      delivery.step();
    }
  }
  std::ofstream(folder_ / "tracking.sent.json") << cursor;
  deliver_all();
  expect_whole_run();
}

TEST_F(TrackingDelivery, BusyAndBrokenServersAreTriedAgain) {
  record(run_events(server_.url()));
  int left = 6;
  const int status[] = {408, 429, 500, 502, 503, 504};
  server_.before = [&](const Request&) -> std::optional<Answer> {
    if (left == 0) return std::nullopt;
    --left;
    return Answer{status[left], "no JSON", "Retry-After: 7\r\n"};
  };
  Delivery delivery(folder_, credentials_, nullptr);
  double asked = 0;
  for (int i = 0; i < 6; ++i) {
    try {
      delivery.step();
      FAIL();
    } catch (const TryAgain& error) {
      asked += error.retry_after_s;
    }
  }
  EXPECT_EQ(asked, 42);
  while (delivery.step()) {
  }
  expect_whole_run();
}

TEST_F(TrackingDelivery, ARefusedValueDoesNotHoldBackTheRest) {
  record(run_events(server_.url()));
  server_.params["lr"] = "another";  // a parameter never changes
  deliver_all();
  EXPECT_EQ(server_.params.at("lr"), "another");
  EXPECT_EQ(server_.params.at("batch"), "32");
  EXPECT_EQ(server_.metrics.size(), 6U);
  EXPECT_EQ(server_.statuses.back(), "FINISHED");
  EXPECT_FALSE(state_.complete());
  EXPECT_THAT(state_.refused, ElementsAre(Pair("param lr", HasSubstr("INVALID_PARAMETER_VALUE"))));
}

TEST_F(TrackingDelivery, TooLargeBatchesAreHalved) {
  record(run_events(server_.url()));
  server_.before = [](const Request& request) -> std::optional<Answer> {
    if (request.body.size() > 300 && request.path.ends_with("log-batch")) return Answer{413, "", ""};
    return std::nullopt;
  };
  deliver_all();
  expect_whole_run();
}

TEST_F(TrackingDelivery, WrongCredentialsStopItAndNoSecretIsToldOrKept) {
  record(run_events(server_.url()));
  credentials_.user = "me";
  credentials_.password = "hunter2";
  server_.before = [](const Request&) {
    return Answer{401, R"({"error_code": "X", "message": "hunter2 is wrong"})", ""};
  };
  Delivery delivery(folder_, credentials_, nullptr);
  try {
    delivery.step();
    FAIL();
  } catch (const Refused& refused) {
    EXPECT_EQ(refused.kind, Refused::Kind::credentials);
    EXPECT_THAT(refused.what(), HasSubstr("401 *** is wrong; check MLFLOW_TRACKING_USERNAME"));
  }
  EXPECT_THAT(server_.requests.at(0).head, HasSubstr("Authorization: Basic bWU6aHVudGVyMg=="));
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    EXPECT_THAT(slurp(entry.path()), Not(HasSubstr("hunter2"))) << entry.path();
}

TEST_F(TrackingDelivery, ATokenIsABearer) {
  record(run_events(server_.url()));
  credentials_.token = "t0ken";
  deliver_all();
  EXPECT_THAT(server_.requests.at(0).head, HasSubstr("Authorization: Bearer t0ken"));
}

TEST_F(TrackingDelivery, AnotherArtifactStoreIsRefusedInOneLineAndTheRestArrives) {
  server_.artifact_uri = "s3://key:secret@bucket/run";
  record(run_events(server_.url()));
  deliver_all();
  EXPECT_EQ(server_.metrics.size(), 6U);
  EXPECT_EQ(server_.statuses.back(), "FINISHED");
  EXPECT_THAT(state_.aside,
              ElementsAre(Pair("artifact config.yaml",
                               AllOf(HasSubstr("artifacts of this run are kept in another store (s3:...)"),
                                     Not(HasSubstr("\n"))))));
  server_.artifact_uri = "mlflow-artifacts:/1/run/artifacts";  // the server was set right: sent now
  deliver_all();
  expect_whole_run();
  EXPECT_TRUE(state_.complete());
}

TEST_F(TrackingDelivery, AnArtifactHostThatIsNotTheServerGetsNothing) {
  for (const char* uri :
       {"mlflow-artifacts://evil.example/x", "http://evil.example/api/2.0/mlflow-artifacts/artifacts/x",
        "mlflow-artifacts:/../../mlflow/runs/delete", "file:///tmp/x", ""}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    server_.artifact_uri = uri;
    record(run_events(server_.url()));
    deliver_all();
    EXPECT_THAT(state_.aside, ElementsAre(Pair("artifact config.yaml", HasSubstr("another store")))) << uri;
  }
  EXPECT_TRUE(server_.artifacts.empty());
}

TEST_F(TrackingDelivery, FilesOutsideTheRunsFolderAreNotSent) {
  std::ofstream(folder_ / "inside") << "yes";
  std::filesystem::create_symlink("/etc/passwd", folder_ / "link");
  record({begin_record({"0123456789abcdef", "a run", "", 1}), server_record({server_.url(), "e", "", ""}),
          artifact_record("../inside"), artifact_record("/etc/passwd"), artifact_record("link"),
          artifact_record("gone"), artifact_record("inside")});
  deliver_all();
  EXPECT_EQ(server_.artifacts.size(), 1U);
  EXPECT_EQ(state_.refused.size(), 4U);
}

TEST_F(TrackingDelivery, AFolderIsSentFileByFile) {
  std::filesystem::create_directories(folder_ / "figures/small");
  std::ofstream(folder_ / "figures/a b.svg") << "1";
  std::ofstream(folder_ / "figures/small/c.svg") << "2";
  record({begin_record({"0123456789abcdef", "a run", "", 1}), server_record({server_.url(), "e", "", ""}),
          artifact_record("figures")});
  deliver_all();
  EXPECT_EQ(server_.artifacts.at("1/run/artifacts/figures/a%20b.svg"), "1");
  EXPECT_EQ(server_.artifacts.at("1/run/artifacts/figures/small/c.svg"), "2");
}

TEST_F(TrackingDelivery, ADeletedRunIsNotMadeAgainBehindTheUsersBack) {
  record(run_events(server_.url()));
  deliver_all();
  server_.deleted = true;
  record({status_record("FINISHED", 10000)});
  try {
    deliver_all();
    FAIL();
  } catch (const Refused& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("was deleted there; restore it ("));
  }
  EXPECT_EQ(server_.runs.size(), 1U);
}

TEST_F(TrackingDelivery, AChildWaitsForItsParent) {
  record({begin_record({"fedcba9876543210", "cell", "0123456789abcdef", 1}),
          server_record({server_.url(), "e", "", ""})});
  EXPECT_THROW(deliver_all(1), TryAgain);
  server_.runs.push_back("0123456789abcdef");
  deliver_all();
  EXPECT_EQ(server_.tags.at("mlflow.parentRunId"), "run-0123456789abcdef");
}

TEST_F(TrackingDelivery, WhatIsNoMlflowServerIsSaid) {
  record(run_events(server_.url()));
  server_.before = [](const Request&) { return Answer{200, "<html>", ""}; };
  EXPECT_THROW(deliver_all(), Refused);
  server_.before = [](const Request&) { return Answer{404, "<html>", ""}; };
  try {
    deliver_all();
    FAIL();
  } catch (const Refused& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("404; is this the address of an MLflow server?"));
  }
}

TEST_F(TrackingDelivery, AHostileAnswerIsNotBelieved) {
  record(run_events(server_.url()));
  for (const char* body :
       {"[]", "{\"experiment\": 5}", "{\"experiment\": {\"experiment_id\": {}}}", "null"}) {
    server_.before = [&](const Request& request) -> std::optional<Answer> {
      return Answer{request.path.ends_with("runs/get") ? 500 : 200, body, ""};
    };
    try {
      deliver_all(1);
    } catch (const std::runtime_error&) {  // Refused or TryAgain: anything but a crash
    }
  }
  server_.before = nullptr;
  server_.runs.clear();
  std::filesystem::remove(folder_ / "tracking.sent.json");
  deliver_all();
  EXPECT_EQ(server_.metrics.size(), 6U);
}

class TrackingSender : public TrackingDelivery {
 protected:
  std::vector<std::string> said_;
  std::mutex mutex_;
  std::function<void(const std::string&)> say() {
    return [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      said_.push_back(line);
    };
  }
};

TEST_F(TrackingSender, SendsWhileTheRunGoesOn) {
  JournalWriter writer(journal());
  const std::vector<Json> events = run_events(server_.url());
  writer.append({events[0], events[1]});
  Sender sender(folder_, writer, credentials_, say());
  for (std::size_t i = 2; i < events.size(); ++i) {
    writer.append({events[i]});
    sender.wake();
  }
  const Outcome outcome = sender.finish(20, 20);
  EXPECT_TRUE(outcome.state.complete()) << outcome.problem;
  EXPECT_THAT(outcome.state.run_url, HasSubstr("/#/experiments/1/runs/run-0123456789abcdef"));
  expect_whole_run();
  EXPECT_TRUE(said_.empty());
}

TEST_F(TrackingSender, SaysOnceThatAServerIsAwayAndDoesNotWaitForIt) {
  JournalWriter writer(journal());
  writer.append(run_events("http://127.0.0.1:9"));  // discard: nobody listens
  Sender sender(folder_, writer, credentials_, say());
  const Stopwatch watch;
  const Outcome outcome = sender.finish(30, 2.5);
  EXPECT_LT(watch.elapsed_s(), 10);
  EXPECT_EQ(outcome.state.sent, 0U);
  EXPECT_EQ(outcome.state.records, 10U);
  EXPECT_THAT(outcome.problem, HasSubstr("http://127.0.0.1:9"));
}

TEST_F(TrackingSender, NothingIsBegunDuringAPause) {
  JournalWriter writer(journal());
  const std::vector<Json> events = run_events(server_.url());
  writer.append({events[0], events[1]});
  Sender sender(folder_, writer, credentials_, say());
  while (server_.runs_created == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  sender.pause();
  const std::size_t requests = server_.requests.size();
  writer.append({events[2], events[3]});
  sender.wake();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(server_.requests.size(), requests);
  sender.resume();
  const DeliveryState state = sender.finish(20, 20).state;
  EXPECT_EQ(state.sent, state.records);
}

TEST_F(TrackingSender, ASecondSenderOfAJournalIsRefused) {
  record(run_events(server_.url()));
  const Delivery first(folder_, credentials_, nullptr);
  EXPECT_THROW(Delivery(folder_, credentials_, nullptr), OutputError);
}

}  // namespace
}  // namespace dsx::tracking
