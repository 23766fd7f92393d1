// What fails for ever holds nothing else back and is named; what the server says is shown; and nothing is
// said to have arrived without asking.
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
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using Answer = StandInServer::Answer;
using Request = StandInServer::Request;

class TrackingSetbacks : public TrackingDelivery {
 protected:
  // Requests whose body or path holds `text` fail with `status`, for ever.
  void fail_on(const std::string& text, int status) {
    server_.before = [text, status](const Request& request) -> std::optional<Answer> {
      if (request.method == "GET" || (request.body + request.path).find(text) == std::string::npos)
        return std::nullopt;
      return Answer{status, R"({"error_code": "INTERNAL_ERROR", "message": "disk I/O error"})", ""};
    };
  }
  // What ends the delivery.
  std::string refusal() {
    try {
      deliver_all();
    } catch (const Refused& refused) {
      return refused.what();
    }
    return "(none)";
  }
};

TEST_F(TrackingSetbacks, AnArtifactThatFailsForEverIsSetAside) {
  for (const int status : {500, 504}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    server_.statuses.clear();
    write("a.h5", "a");
    write("b.h5", "b");
    std::vector<Json> events = run_events(server_.url());
    events.insert(events.end() - 1, {artifact_record("a.h5"), artifact_record("b.h5")});
    record(events);
    fail_on("artifacts/a.h5", status);
    EXPECT_EQ(deliver_all().size(), 2U) << "the third failure sets it aside";
    EXPECT_EQ(artifact("b.h5"), "b");
    EXPECT_EQ(server_.statuses.back(), "FINISHED");
    EXPECT_THAT(state_.aside,
                ElementsAre(Pair("artifact a.h5", AllOf(HasSubstr(std::to_string(status) + " disk I/O error"),
                                                        HasSubstr("--artifacts-destination")))));
    EXPECT_FALSE(state_.complete());
    EXPECT_TRUE(deliver_all().empty()) << "later it is tried once";
    server_.before = nullptr;  // the store is mended
    deliver_all();
    EXPECT_EQ(artifact("a.h5"), "a");
    EXPECT_TRUE(state_.complete());
    server_.artifacts.clear();
  }
}

TEST_F(TrackingSetbacks, AValueThatFailsForEverIsFoundAndSetAside) {
  record(run_events(server_.url(), 50));
  fail_on("\"step\":37,\"timestamp\":1037", 500);
  deliver_all();
  EXPECT_EQ(server_.metrics.size(), 98U);
  EXPECT_THAT(state_.aside,
              ElementsAre(Key("metric train_loss of step 37"), Key("metric val_auc of step 37")));
  EXPECT_EQ(server_.statuses.back(), "FINISHED");
  EXPECT_EQ(artifact("config.yaml"), "epochs: 3\n");
  server_.before = nullptr;
  deliver_all();
  EXPECT_TRUE(state_.complete());
  expect_whole_run(50);
}

TEST_F(TrackingSetbacks, BeingStoppedIsNobodysFault) {
  record(run_events(server_.url(), 50));
  std::atomic<bool> stop = false;
  int failed = 0;
  server_.before = [&](const Request& request) -> std::optional<Answer> {
    if (request.body.find("\"step\"") == std::string::npos) return std::nullopt;
    stop = ++failed == 5;  // in the middle of the search
    if (stop) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    return Answer{500, "", ""};
  };
  {
    Delivery delivery(folder_, credentials_, &stop);
    while (!stop) {
      try {
        delivery.step();
      } catch (const TryAgain&) {
      }
    }
    EXPECT_THAT(delivery.state().aside, IsEmpty());
  }
  server_.before = nullptr;
  deliver_all();
  EXPECT_TRUE(state_.complete());
  expect_whole_run(50);
}

TEST_F(TrackingSetbacks, WhenNoValueCanBeStoredTheRestArrives) {
  record(run_events(server_.url(), 150));
  fail_on("\"step\"", 504);
  deliver_all();
  EXPECT_EQ(server_.metrics.size(), 0U);
  EXPECT_EQ(server_.params.size(), 2U);
  EXPECT_EQ(server_.statuses.back(), "FINISHED");
  EXPECT_FALSE(state_.complete());
  EXPECT_LT(server_.requests.size(), 250U) << "it does not try all 300 one by one";
  server_.before = nullptr;
  deliver_all();
  EXPECT_TRUE(state_.complete());
  expect_whole_run(150);
}

TEST_F(TrackingSetbacks, DataSetAndStatusAreSetAsideToo) {
  for (const char* call : {"log-inputs", "runs/update"}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    record(run_events(server_.url()));
    fail_on(call, 500);
    deliver_all();
    EXPECT_EQ(state_.aside.size(), 1U) << call;
    EXPECT_EQ(state_.sent, state_.records);
    server_.before = nullptr;
    deliver_all();
    EXPECT_TRUE(state_.complete()) << call;
  }
  EXPECT_EQ(server_.inputs.size(), 1U);
  EXPECT_EQ(server_.statuses.back(), "FINISHED");
}

TEST_F(TrackingSetbacks, AServerThatIsIllAsAWholeSetsNothingAside) {
  record(run_events(server_.url()));
  int answers = 0;
  server_.before = [&](const Request&) -> std::optional<Answer> {
    if (++answers > 6) return Answer{500, "", ""};
    return std::nullopt;
  };
  EXPECT_THROW(deliver_all(12), TryAgain);
  server_.before = nullptr;
  deliver_all();
  EXPECT_TRUE(state_.complete());
  expect_whole_run();
}

TEST_F(TrackingSetbacks, ANameThatTheDatabaseCannotHoldIsNoReasonToLoseTheRun) {
  std::vector<Json> events = run_events(server_.url());
  events[0] = begin_record({"0123456789abcdef", "x-ray \xF0\x9F\xA9\xBB", "", 1000});
  events[3] = tags_record({{"mlflow.user", "me"}, {"note", "\xF0\x9F\xA9\xBB"}});
  record(events);
  fail_on("\xF0\x9F\xA9\xBB", 500);
  deliver_all();
  EXPECT_EQ(server_.tags.at("mlflow.runName"), "x-ray ?");
  EXPECT_EQ(server_.tags.at("mlflow.user"), "me");
  EXPECT_THAT(state_.aside, ElementsAre(Key("tag note")));
  expect_whole_run();
}

TEST_F(TrackingSetbacks, ARunThatWasDeletedHasNotArrived) {
  record(run_events(server_.url()));
  deliver_all();
  server_.deleted = true;
  EXPECT_THAT(refusal(), AllOf(HasSubstr("run run-0123456789abcdef was deleted there"),
                               HasSubstr("tracking.sent.json")));
  server_.deleted = false;
  server_.experiment_deleted = true;
  EXPECT_THAT(refusal(), HasSubstr("experiment 'an experiment' was deleted there"));
  server_.experiment_deleted = false;
  server_.runs.clear();
  EXPECT_THAT(refusal(), HasSubstr("run run-0123456789abcdef is not there any more: deleted for good, or"));
  EXPECT_EQ(refusal().find('\n'), std::string::npos);
}

TEST_F(TrackingSetbacks, ValuesOfARunThatIsDeletedMeanwhileAreNotRefusedOneByOne) {
  record(run_events(server_.url(), 50));
  server_.before = [&](const Request& request) -> std::optional<Answer> {
    if (!request.path.ends_with("log-batch")) return std::nullopt;
    server_.deleted = true;
    return Answer{400, R"({"error_code": "INVALID_PARAMETER_VALUE", "message": "must be active"})", ""};
  };
  EXPECT_THAT(refusal(), HasSubstr("was deleted there"));
  EXPECT_LT(server_.requests.size(), 12U);
}

TEST_F(TrackingSetbacks, AServerThatWasSetBackGetsAllOnceMore) {
  record(run_events(server_.url()));
  deliver_all();
  server_.metrics.erase(3);
  server_.metrics.erase(4);
  server_.params.erase("lr");
  server_.shown_status = "RUNNING";
  deliver_all();
  EXPECT_TRUE(state_.complete());
  expect_whole_run();
}

TEST_F(TrackingSetbacks, AServerThatForgetsIsNotBelieved) {
  record(run_events(server_.url()));
  server_.after = [](const Request& request, Answer& answer) {
    if (request.path.ends_with("runs/get")) {
      auto json = StandInServer::Json::parse(answer.body);
      json["run"]["data"]["params"] = StandInServer::Json::array();
      answer.body = json.dump();
    }
  };
  deliver_all();
  EXPECT_FALSE(state_.complete());
  EXPECT_THAT(state_.aside, ElementsAre(Key("param batch"), Key("param lr")));
  server_.after = nullptr;
  deliver_all();
  EXPECT_TRUE(state_.complete());
}

TEST_F(TrackingSetbacks, TheServersOwnWordsAndAHintThatFits) {
  record(run_events(server_.url()));
  server_.before = [](const Request&) {
    return Answer{403, "Invalid Host header - possible DNS rebinding attack detected", ""};
  };
  const std::string host = server_.url().substr(7);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("403 Invalid Host header - possible DNS rebinding attack detected"),
                               HasSubstr("--allowed-hosts '" + host + "'"), Not(HasSubstr("USERNAME"))));
  server_.before = [](const Request&) {
    return Answer{
        404, "<html><head><title>404 Not Found</title><style>a{}</style></head>\n<body>nginx</body>", ""};
  };
  EXPECT_THAT(refusal(), AllOf(HasSubstr("404 404 Not Found nginx;"), Not(HasSubstr("\n"))));
  server_.before = [](const Request&) {
    return Answer{308, "", "Location: https://me:hunter2@new.example/x?token=hunter2\r\n"};
  };
  EXPECT_THAT(refusal(), AllOf(HasSubstr("has moved to https://new.example/x"), Not(HasSubstr("hunter2"))));
}

TEST_F(TrackingSetbacks, WhyAnExperimentCannotBeMadeIsNotReplacedByALater404) {
  record(run_events(server_.url()));
  server_.before = [](const Request& request) -> std::optional<Answer> {
    if (!request.path.ends_with("experiments/create")) return std::nullopt;
    return Answer{
        400, R"({"error_code": "INVALID_PARAMETER_VALUE", "message": "'name' exceeds the maximum length"})",
        ""};
  };
  EXPECT_THAT(refusal(), AllOf(HasSubstr("400 'name' exceeds the maximum length"), HasSubstr("--experiment"),
                               Not(HasSubstr(" 404 "))));  // a port may hold these digits
}

TEST_F(TrackingSetbacks, ARunThatSomebodyElseBeganIsTakenOver) {
  server_.runs = {"theirs"};
  server_.tags = {{"mlflow.runName", "theirs"}};
  std::vector<Json> events = run_events(server_.url());
  Identity identity{"0123456789abcdef", "a run", "", 1000};
  identity.run_id = "run-theirs";
  events[0] = begin_record(identity);
  record(events);
  deliver_all();
  EXPECT_TRUE(state_.complete());
  expect_whole_run();
  EXPECT_EQ(server_.tags.at("mlflow.runName"), "theirs");
  EXPECT_EQ(server_.tags.at("project"), "DownScaleXR");
  EXPECT_EQ(server_.statuses.front(), "RUNNING");
}

TEST_F(TrackingSetbacks, AnExperimentByItsId) {
  std::vector<Json> events = run_events(server_.url());
  events[1] = server_record({server_.url(), "", "1", ""});
  record(events);
  deliver_all();
  EXPECT_TRUE(state_.complete());
  for (const Request& request : server_.requests)
    EXPECT_THAT(request.path, Not(HasSubstr("experiments/create")));
}

TEST_F(TrackingSetbacks, IdAndNameOfTwoExperimentsAreRefused) {
  std::vector<Json> events = run_events(server_.url());
  events[1] = server_record({server_.url(), "another", "1", ""});
  record(events);
  EXPECT_THAT(refusal(),
              HasSubstr("MLFLOW_EXPERIMENT_ID 1: is 'an experiment' there, but MLFLOW_EXPERIMENT_NAME"));
}

// The parent's journal lies where a workflow's first cell has begun it, and nobody sends it.
TEST_F(TrackingSetbacks, ACellMakesItsParentsRunWhenNobodyElseDoes) {
  record({begin_record({"0123456789abcdef", "sweep", "", 1}), server_record({server_.url(), "e", "", ""})});
  const auto sweep = folder_;
  for (const char* cell : {"a", "b"}) {
    folder_ = sweep / "cells" / cell;
    std::filesystem::create_directories(folder_);
    record({begin_record({std::string("00000000000000") + cell, cell, "0123456789abcdef", 2}),
            server_record({server_.url(), "e", "", ""}), status_record("FINISHED", 3)});
    deliver_all();
    EXPECT_EQ(server_.tags.at("mlflow.parentRunId"), "run-0123456789abcdef");
  }
  folder_ = sweep;
  EXPECT_EQ(server_.runs.size(), 3U) << "one parent";
}

TEST_F(TrackingSetbacks, ARunEndsOnTheServerThoughItsArtifactsCannotBeStored) {
  write("last.h5", "x");
  JournalWriter writer(journal());
  std::vector<Json> events = run_events(server_.url());
  events.push_back(artifact_record("last.h5"));
  fail_on("/mlflow-artifacts/", 500);
  writer.append(events);
  Sender sender(folder_, writer, credentials_, [](const std::string&) {});
  const Stopwatch watch;
  const Outcome outcome = sender.finish(60, 5);
  EXPECT_LT(watch.elapsed_s(), 20);
  EXPECT_EQ(server_.statuses.back(), "FINISHED");
  EXPECT_TRUE(outcome.problem.empty()) << outcome.problem;
  EXPECT_THAT(outcome.state.aside, ElementsAre(Key("artifact config.yaml"), Key("artifact last.h5")));
}

}  // namespace
}  // namespace dsx::tracking
