// A run's folder with a journal, as the tests of the sending side need it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "study/tracking/records.hpp"

namespace dsx::tracking {

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ("tracking_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path journal() const { return folder_ / kJournalName; }

  // Begin, server, parameters, tags, `epochs` records of two metrics, an artifact, an end.
  std::vector<Json> run_events(const std::string& url, int epochs = 3) const {
    std::ofstream(folder_ / "config.yaml") << "epochs: 3\n";
    std::vector<Json> events = {begin_record({"0123456789abcdef", "a run", "", 1000}),
                                server_record({url, "an experiment", "", ""}),
                                params_record({{"lr", "0.1"}, {"batch", "32"}}),
                                tags_record({{"mlflow.user", "me"}, {"project", "DownScaleXR"}}),
                                input_record("set", std::string(64, 'd'), "/data", {{"train", 3}})};
    for (int epoch = 1; epoch <= epochs; ++epoch)
      events.push_back(metrics_record({{"train_loss", 1.0 / epoch}, {"val_auc", 0.5}}, epoch, 1000 + epoch));
    events.push_back(artifact_record("config.yaml"));
    events.push_back(status_record("FINISHED", 9000));
    return events;
  }

  std::filesystem::path folder_;
};

}  // namespace dsx::tracking
